// SPDX-License-Identifier: Apache-2.0

/**
 * Witnesses (C2SP tlog-witness), both sides: a client that gathers cosignatures by a policy (C2SP
 * tlog-policy), and a witness's own decisions. HTTP is the server's; ML-DSA is not supported.
 */
export { addCheckpointLimits } from "./add-checkpoint.ts";
export { type CosignedCheckpoint, type CosignOptions, WitnessClient } from "./cosign.ts";
export {
  parsePolicy,
  policyLimits,
  type PolicyLog,
  type PolicyWitness,
  type TrustPolicy,
} from "./policy.ts";
export { SqliteWitnessState } from "./sqlite-state.ts";
export {
  type Cosigner,
  handleAddCheckpoint,
  keyCosigner,
  MemoryWitnessState,
  type WitnessedLog,
  type WitnessOptions,
  type WitnessRecord,
  type WitnessResponse,
  type WitnessState,
} from "./witness.ts";
