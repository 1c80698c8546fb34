// SPDX-License-Identifier: Apache-2.0

/**
 * Fulcio: short-lived certificates for whoever shows an identity token and a key. `addFulcio` is
 * the service; beneath it `token` says whom a token names, `request` which key is held,
 * `certificate` what is issued, `ca` with what, and `config` whom to believe.
 *
 * Out of scope: where keys and chains are kept, and tokens themselves (`idp`).
 */
export {
  type Authority,
  authorityAlgorithm,
  AuthorityError,
  makeAuthorityChain,
  openAuthority,
} from "./ca/index.ts";
export type { AuthoritySource } from "./api/index.ts";
export { CtLogError, httpCtLog, type SctSource } from "./certificate/index.ts";
export {
  type FulcioConfig,
  FulcioConfigError,
  readConfig,
  ReloadingConfig,
  withIssuers,
} from "./config/index.ts";
export {
  addFulcio,
  defaultSigningAlgorithms,
  type FulcioOptions,
  type ServedFulcio,
} from "./fulcio.ts";
export type { GrpcServer } from "./grpc/index.ts";
export { type KeySource, localKeySource, TokenVerifier } from "./token/index.ts";
