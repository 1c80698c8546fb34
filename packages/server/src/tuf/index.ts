// SPDX-License-Identifier: Apache-2.0

/**
 * A repository of The Update Framework: made, signed anew before it expires, given new keys, and
 * served. Knows nothing of what its targets are for.
 */
export { TufRepositoryError } from "./errors.ts";
export { isServedName, type TufFolder } from "./folder.ts";
export {
  describeKey,
  encodeMetadata,
  tufAlgorithm,
  type TufKey,
  type TufRole,
  tufRoles,
} from "./metadata.ts";
export { type RoleRing, TufRepository, type TufTarget, type TufUpdate } from "./repository.ts";
export { addRootSignature, type RoleKeys, rootFile } from "./root.ts";
export { addTufRepository } from "./routes.ts";
export { readState } from "./state.ts";
