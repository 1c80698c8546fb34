// SPDX-License-Identifier: Apache-2.0

/** What signing commands share: signers, services, where bundles go, and how they are verified. */
export { certificateToJson } from "./certificate-json.ts";
export { checkFresh } from "./check.ts";
export { chooseDestination, type Destination, signatureText, writeBundle } from "./destination.ts";
export { checkKeyFlags, openSigners } from "./key.ts";
export { entriesToJson, planSigning, sayVouched } from "./logging.ts";
export type { SigningPlan } from "./plan.ts";
export { adviseVerifying } from "./verify-line.ts";
