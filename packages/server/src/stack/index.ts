// SPDX-License-Identifier: Apache-2.0

/**
 * The services composed into one process on one data directory: configuration, keys, identity, the
 * files that clients trust, start and stop.
 */
export {
  mergeConfig,
  parseConfigFile,
  resolveConfig,
  type StackConfig,
  type StackConfigInput,
} from "./config.ts";
export { rotateKeys } from "./rotate.ts";
export {
  importRoot,
  makeNextRoot,
  type NewRootKeys,
  type StoppedStack,
  takeRootOffline,
} from "./root-ceremony.ts";
export { StackError, type StackErrorCode } from "./errors.ts";
export { lockDirectory } from "./directory-lock.ts";
export { readText, writeWhole } from "./files.ts";
export { KeyFolder, keyPasswordFrom } from "./key-files.ts";
export { listenAddress } from "./listen.ts";
export {
  listenOn,
  publicUrl,
  type Stack,
  stackFiles,
  type StackOptions,
  startStack,
} from "./stack.ts";
export { environmentConfig, type Setting, settings } from "./settings.ts";
export {
  findStoredLog,
  type MirrorRecord,
  mirrorStore,
  readMirror,
  type StoredLog,
  writeMirror,
} from "./stored-log.ts";
export type { TrustFiles } from "./trust.ts";
