// SPDX-License-Identifier: Apache-2.0

/**
 * Trusted material by The Update Framework (specification 1.0), for Node: `fetchTrust` on each run,
 * `initialize` to choose a repository, `locationFromEnvironment` for the choice made.
 *
 * The cache has the layout of sigstore-go and cosign 3, who can go on from ours and we from theirs.
 * `openRepository` reads repositories of other kinds, delegated roles and all; what Sigstore's
 * clients trust no delegated role can give. Out of scope: making repositories, and what is in the
 * targets. The only place in this package that touches network and files.
 */
export { cacheDirectoryOf, locationFromEnvironment, type TufLocation } from "./environment.ts";
export { TufError, type TufErrorCode, type TufNotice } from "./errors.ts";
export {
  fetchTrust,
  signingConfigTarget,
  trustedRootTarget,
  type TufOptions,
  type TufResult,
} from "./fetch-trust.ts";
export { initialize, type InitializeOptions, readRoot } from "./initialize.ts";
export type { MetadataHead, TufRole } from "./metadata.ts";
export { openRepository, type Repository, type RepositoryOptions } from "./repository.ts";
export { cacheFolderName, type TufLimits, tufLimitsDefault } from "./mirror.ts";
export { publicGoodMirror, publicGoodRoot } from "./public-good-root.ts";
export { stagingMirror, stagingRoot } from "./staging-root.ts";
