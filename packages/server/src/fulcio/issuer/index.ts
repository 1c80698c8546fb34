// SPDX-License-Identifier: Apache-2.0

/**
 * Types of token issuers: for each, whom its tokens name and what goes into the certificate. A
 * type is one file with an `IssuerType` and one line of `registry.ts`.
 *
 * Here are no clocks, keys or networks: tokens come verified (`token`), settings checked
 * (`config`).
 */
export { findIssuerType, issuerTypes } from "./registry.ts";
export type { CiProvider, IssuerConfig, Principal, VerifiedToken } from "./types.ts";
