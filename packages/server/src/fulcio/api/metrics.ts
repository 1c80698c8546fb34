// SPDX-License-Identifier: Apache-2.0
import { Counter, Histogram } from "prom-client";
import type { ServerMetrics } from "../../http/index.ts";

/** Metrics under Fulcio's names; what it lacks is under `chancery_`. */
export class FulcioMetrics {
  readonly #certificates: Counter;
  readonly #latency: Histogram;
  readonly #requests: Counter;
  readonly #refused: Counter;
  readonly #started: Counter;
  readonly #handled: Counter;

  constructor({ registry }: ServerMetrics) {
    const registers = [registry];
    const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
      new Counter({ name, help, labelNames, registers });
    this.#certificates = counter("fulcio_new_certs", "The total number of certificates generated");
    this.#latency = new Histogram({
      name: "fulcio_api_latency",
      help: "API Latency on calls",
      labelNames: ["code", "method"],
      registers,
    });
    this.#requests = counter("http_requests_total", "Count all HTTP requests", ["code", "method"]);
    this.#refused = counter("chancery_certificates_refused", "Requests without a certificate", [
      "reason",
    ]);
    const method = ["grpc_type", "grpc_service", "grpc_method"];
    this.#started = counter(
      "grpc_server_started_total",
      "Total number of RPCs started on the server.",
      method,
    );
    this.#handled = counter(
      "grpc_server_handled_total",
      "Total number of RPCs completed on the server, regardless of success or failure.",
      [...method, "grpc_code"],
    );
  }

  issued(): void {
    this.#certificates.inc();
  }

  /** @param reason of the refusal's ErrorInfo: one of a closed list. */
  refused(reason: string): void {
    this.#refused.inc({ reason });
  }

  answered(status: number, httpMethod: string, durationMs: number): void {
    const labels = { code: String(status), method: httpMethod.toLowerCase() };
    this.#requests.inc(labels);
    this.#latency.observe(labels, durationMs / 1000);
  }

  called(service: string, method: string): void {
    this.#started.inc(grpcLabels(service, method));
  }

  /** @param code its name in Go, such as `OK` or `InvalidArgument`. */
  returned(service: string, method: string, code: string): void {
    this.#handled.inc({ ...grpcLabels(service, method), grpc_code: code });
  }
}

function grpcLabels(service: string, method: string): Record<string, string> {
  return { grpc_type: "unary", grpc_service: service, grpc_method: method };
}
