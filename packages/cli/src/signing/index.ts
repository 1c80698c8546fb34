// SPDX-License-Identifier: Apache-2.0

/** What signing commands share: the key, where bundles go, and how they are then verified. */
export { chooseDestination, type Destination, signatureText, writeBundle } from "./destination.ts";
export { openSignerOf, requireKey } from "./key.ts";
export { verifyLines } from "./verify-line.ts";
