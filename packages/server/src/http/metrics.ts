// SPDX-License-Identifier: Apache-2.0
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";

/** Which API a route belongs to, and the name it has in metrics and logs. */
export interface RouteLabel {
  readonly api: "rekor-v1" | "rekor-v2" | "witness" | "tsa" | "fulcio" | "ct" | "own";
  /** The path with its parameters in braces. */
  readonly path: string;
}

/** One answered request. */
export interface AnsweredRequest {
  readonly route: RouteLabel;
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
  readonly requestSizeBytes: number;
}

const nsPerMs = 1e6;
/** From 1 ms to 60 s in ten steps, in nanoseconds, as Rekor v1 has them. */
const latencyBucketsNs = Array.from({ length: 10 }, (_, i) => nsPerMs * 60_000 ** (i / 9));
const latencyBucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const sizeBuckets = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

/**
 * Prometheus metrics under the names of the services that are replaced: Rekor v1's (latency in
 * nanoseconds) and rekor-tiles'. What neither has is under `chancery_`.
 */
export class ServerMetrics {
  readonly registry: Registry = new Registry();
  readonly #newEntries: Counter;
  readonly #newHashedRekord: Counter;
  readonly #kinds: Counter;
  readonly #shed: Counter;
  readonly #v1Requests: Counter;
  readonly #v1LatencyNs: Histogram;
  readonly #v1ApiLatency: Histogram;
  readonly #v1ApiLatencySummary: Summary;
  readonly #indexLatency: Summary;
  readonly #published: Counter;
  readonly #v2Requests: Counter;
  readonly #v2Latency: Histogram;
  readonly #v2Size: Histogram;

  constructor(version: string) {
    const registers = [this.registry];
    const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
      new Counter({ name, help, labelNames, registers });
    const histogram = (
      name: string,
      help: string,
      labelNames: string[],
      buckets: number[],
    ): Histogram => new Histogram({ name, help, labelNames, buckets, registers });
    // Sum and count alone, as Rekor's summaries are.
    const summary = (name: string, help: string, labelNames: string[]): Summary =>
      new Summary({ name, help, labelNames, percentiles: [], registers });
    this.#newEntries = counter("rekor_new_entries", "The total number of new log entries");
    this.#v1Requests = counter("rekor_qps_by_api", "Api QPS by path, method, and response code", [
      "path",
      "method",
      "code",
    ]);
    this.#v1LatencyNs = histogram(
      "rekor_latency_by_api",
      "Api Latency (in ns) by path and method",
      ["path", "method"],
      latencyBucketsNs,
    );
    this.#v1ApiLatency = histogram(
      "rekor_api_latency",
      "Api Latency on calls",
      ["path", "code"],
      latencyBucketsNs,
    );
    this.#v1ApiLatencySummary = summary("rekor_api_latency_summary", "Api Latency on calls", [
      "path",
      "code",
    ]);
    this.#indexLatency = summary(
      "rekor_index_storage_latency_summary",
      "Latency (in ns) of storing entries with their index keys, by success/failure",
      ["success"],
    );
    this.#published = counter(
      "rekor_publish_events",
      "The status of publishing events, by attempt",
      ["event", "content_type", "status"],
    );
    this.#newHashedRekord = counter(
      "rekor_v2_new_hashedrekord_entries",
      "The total number of new hashedrekord log entries",
    );
    this.#v2Requests = counter("rekor_v2_http_requests_total", "Count all HTTP requests", [
      "code",
      "method",
    ]);
    this.#v2Latency = histogram(
      "rekor_v2_http_api_latency",
      "API Latency on HTTP calls",
      ["code", "method"],
      latencyBucketsSeconds,
    );
    this.#v2Size = histogram(
      "rekor_v2_http_api_request_size",
      "API Request size on HTTP calls",
      ["code", "method"],
      sizeBuckets,
    );
    this.#kinds = counter("chancery_new_entries", "New log entries by kind and version", [
      "kind",
      "version",
    ]);
    this.#shed = counter("chancery_shed_requests", "Requests turned away under load", ["why"]);
    for (const name of ["rekor_build_info", "rekor_v2_build_info", "fulcio_build_info"]) {
      const help = "A metric with a constant '1' value labeled by version.";
      new Gauge({ name, help, labelNames: ["version"], registers }).set({ version }, 1);
    }
  }

  answered({ route, method, status, durationMs, requestSizeBytes }: AnsweredRequest): void {
    const { path } = route;
    const code = String(status);
    if (route.api === "rekor-v1") {
      this.#v1Requests.inc({ path, method, code });
      this.#v1LatencyNs.observe({ path, method }, durationMs * nsPerMs);
      this.#v1ApiLatency.observe({ path, code }, durationMs * nsPerMs);
      this.#v1ApiLatencySummary.observe({ path, code }, durationMs * nsPerMs);
    } else if (route.api === "rekor-v2") {
      const labels = { code, method: method.toLowerCase() };
      this.#v2Requests.inc(labels);
      this.#v2Latency.observe(labels, durationMs / 1000);
      this.#v2Size.observe(labels, requestSizeBytes);
    }
  }

  newEntry(kind: string, version: string): void {
    if (version === "0.0.2" && kind === "hashedrekord") this.#newHashedRekord.inc();
    this.#newEntries.inc();
    this.#kinds.inc({ kind, version });
  }

  /** An entry and its search keys, which are stored in one transaction, or were not. */
  stored(success: boolean, durationMs: number): void {
    this.#indexLatency.observe({ success: String(success) }, durationMs * nsPerMs);
  }

  /** One attempt to publish an event. */
  published(event: string, contentType: string, success: boolean): void {
    const status = success ? "SUCCESS" : "ERROR";
    this.#published.inc({ event, content_type: contentType, status });
  }

  shed(why: "connections" | "requests"): void {
    this.#shed.inc({ why });
  }

  /** Something about the server that does not change, in labels. */
  info(name: string, help: string, labels: Readonly<Record<string, string>>): void {
    const labelNames = Object.keys(labels);
    new Gauge({ name, help, labelNames, registers: [this.registry] }).set(labels, 1);
  }

  /** A gauge that is read when it is scraped. */
  gauge(name: string, help: string, read: () => Promise<number>): void {
    const collect = async function (this: Gauge): Promise<void> {
      this.set(await read());
    };
    new Gauge({ name, help, registers: [this.registry], collect });
  }
}
