// SPDX-License-Identifier: Apache-2.0

/** What signing commands share: the key, logs, where bundles go, and how they are then verified. */
export { checkFresh } from "./check.ts";
export { chooseDestination, type Destination, signatureText, writeBundle } from "./destination.ts";
export { openSignerOf, requireKey } from "./key.ts";
export { entriesToJson, planLogging, sayLogged } from "./logging.ts";
export type { LoggingPlan } from "./plan.ts";
export { verifyLines } from "./verify-line.ts";
