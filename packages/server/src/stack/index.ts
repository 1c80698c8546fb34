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
export { StackError, type StackErrorCode } from "./errors.ts";
export { type Stack, stackFiles, type StackOptions, startStack } from "./stack.ts";
export type { TrustFiles } from "./trust.ts";
