// SPDX-License-Identifier: Apache-2.0

/** The HTTP server under all services: limits, refusals, metrics, log lines. Knows no API. */
export { createApp, pathOf, useErrorWriter } from "./app.ts";
export { addCors } from "./cors.ts";
export type { HttpLimits } from "./limits.ts";
export { type RouteLabel, ServerMetrics } from "./metrics.ts";
export { addOperations } from "./operations.ts";
export { addRoute, bodyOf, queryText, type RouteHandler } from "./routes.ts";
