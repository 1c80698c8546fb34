// SPDX-License-Identifier: Apache-2.0
import type { IssuerConfig } from "../issuer/index.ts";

/** Which tokens Fulcio believes, and what it makes of them. */
export interface FulcioConfig {
  /** By `iss`. */
  readonly issuers: ReadonlyMap<string, IssuerConfig>;
  /** Asked in this order where no issuer has the very name. */
  readonly metaIssuers: readonly IssuerConfig[];
  /** What is odd but taken: settings that do not exist, patterns that match too much. */
  readonly warnings: readonly string[];
}
