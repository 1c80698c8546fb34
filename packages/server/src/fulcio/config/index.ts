// SPDX-License-Identifier: Apache-2.0

/**
 * Fulcio's configuration file: which issuers of tokens are believed, and what CI providers' claims
 * become. Fulcio's own file is read as it is; what it would only notice when a token comes, such as
 * a template that names no provider, is refused here with the path of the setting.
 *
 * Beyond Fulcio: the file may change while the service runs (`ReloadingConfig`), owners of domains
 * are told apart by the public suffix list, and settings that do not exist are warned of.
 */
export { FulcioConfigError } from "./errors.ts";
export { advertisedIssuers, type AdvertisedIssuer, findIssuer, withIssuers } from "./lookup.ts";
export { parseFulcioConfig } from "./parse.ts";
export { issuerUrlCharsMax } from "./pattern.ts";
export { publicInstanceConfig } from "./public-instance.ts";
export { readConfig } from "./read.ts";
export { ReloadingConfig, type ReloadingOptions } from "./reloading.ts";
export type { FulcioConfig } from "./types.ts";
