// SPDX-License-Identifier: Apache-2.0

/**
 * The services of Sigstore over HTTP, and the stack that composes them.
 *
 *     import { startStack } from "@chancery/server";
 *
 *     const stack = await startStack({ dataDirectory: "data" });
 *     console.log(stack.url, stack.trustedRoot);
 *     await stack.close();
 *
 * What there is: the log of signatures (Rekor v1 and v2 over one tree), Fulcio, the log of
 * certificates, timestamps, TUF, the identity provider, and witnesses of logs. Out of scope: what
 * entries are (`@chancery/formats`), how the tree is kept (`@chancery/log`), flags and signals
 * (`chancery`).
 */
export { hashPassword, IdpError, type IdpErrorCode, IdpStore } from "./idp/index.ts";
export { ServiceError, type ServiceErrorCode } from "./errors.ts";
export {
  environmentConfig,
  findStoredLog,
  importRoot,
  keyPasswordFrom,
  makeNextRoot,
  mergeConfig,
  type MirrorRecord,
  mirrorStore,
  type NewRootKeys,
  parseConfigFile,
  readMirror,
  resolveConfig,
  rotateKeys,
  type Setting,
  settings,
  type Stack,
  type StackConfig,
  type StackConfigInput,
  StackError,
  type StackErrorCode,
  stackFiles,
  type StackOptions,
  startStack,
  type StoppedStack,
  type StoredLog,
  takeRootOffline,
  type TrustFiles,
  writeMirror,
} from "./stack/index.ts";
export { attestationProblem, loggedEntryKeys, searchStored } from "./rekor/index.ts";
export { addRootSignature } from "./tuf/index.ts";
export { startWitness, type WitnessServer, type WitnessServerOptions } from "./witness/index.ts";
