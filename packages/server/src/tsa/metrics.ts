// SPDX-License-Identifier: Apache-2.0
import { Counter, Gauge, Histogram } from "prom-client";
import type { ServerMetrics } from "../http/index.ts";
import type { NtpObserver } from "./clock/index.ts";

const msPerDay = 86_400_000;
const nsPerMs = 1e6;
/** From 1 ms to 4 s in ten steps, in nanoseconds, as Sigstore's authority has them. */
const latencyBucketsNs = Array.from({ length: 10 }, (_, i) => nsPerMs * 4000 ** (i / 9));

/** Metrics under the names of Sigstore's authority; what it lacks is under `chancery_`. */
export class TimestampMetrics implements NtpObserver {
  readonly #requests: Counter;
  readonly #latencyNs: Histogram;
  readonly #asked: Counter;
  readonly #failed: Counter;
  readonly #refused: Counter;

  /** @param notAfter when the first certificate of the chain ends. */
  constructor({ registry }: ServerMetrics, notAfter: Date) {
    const registers = [registry];
    const counter = (name: string, help: string, labelNames: string[]): Counter =>
      new Counter({ name, help, labelNames, registers });
    this.#requests = counter(
      "timestamp_authority_http_requests_total",
      "Total number of HTTP requests by status code, path, and method.",
      ["code", "path", "method"],
    );
    this.#latencyNs = new Histogram({
      name: "timestamp_authority_latency_by_api",
      help: "API Latency (in ns) by path and method",
      labelNames: ["path", "method"],
      buckets: latencyBucketsNs,
      registers,
    });
    this.#asked = counter(
      "timestamp_authority_ntp_sync_total",
      "Total number of NTP requests against a remote server",
      ["host", "failed"],
    );
    this.#failed = counter(
      "timestamp_authority_ntp_errors_total",
      "Total number of NTP related errors",
      ["reason"],
    );
    this.#refused = counter("chancery_timestamps_refused", "Requests without a timestamp", [
      "failure",
    ]);
    new Gauge({
      name: "timestamp_authority_certificate_valid_days_remaining",
      help: "Number of days remaining in validity period of signing certificate",
      registers,
      collect() {
        this.set((notAfter.getTime() - Date.now()) / msPerDay);
      },
    });
  }

  answered(path: string, method: string, status: number, durationMs: number): void {
    this.#requests.inc({ code: String(status), path, method });
    this.#latencyNs.observe({ path, method }, durationMs * nsPerMs);
  }

  /** @param failure by its name in RFC 3161. */
  refused(failure: string): void {
    this.#refused.inc({ failure });
  }

  asked(host: string, failed: boolean): void {
    this.#asked.inc({ host, failed: String(failed) });
  }

  failed(reason: string): void {
    this.#failed.inc({ reason });
  }
}
