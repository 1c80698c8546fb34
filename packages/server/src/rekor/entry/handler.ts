// SPDX-License-Identifier: Apache-2.0
import type { Algorithm } from "@chancery/formats/crypto";
import type { JsonObject } from "@chancery/formats/json";
import type { SearchKeys } from "../search-keys.ts";
import type { SignatureChecks } from "../signature-checks.ts";

/**
 * How one kind and version of entry gets into the log. A new one is a file that exports such a
 * value and a line in `registry.ts`.
 */
export interface EntryKindHandler {
  readonly kind: string;
  readonly version: string;
  /** Major version of the Rekor API that takes it. */
  readonly api: 1 | 2;
  /**
   * Reads what a client proposes, verifies every signature in it, and says what the log stores.
   * @param spec v1: the `spec` of the proposed entry; v2: the value of the request's field.
   * @throws ServiceError `invalid` or `unprocessable` with the text that clients know
   */
  prepare(spec: JsonObject, context: ProposalContext): Promise<PreparedEntry>;
}

/** What preparing an entry depends on beside the proposal. */
export interface ProposalContext {
  readonly checks: SignatureChecks;
  /** What clients may sign with, of Rekor's registry. */
  readonly algorithms: readonly Algorithm[];
  /** Attestations above are not kept. Bytes. */
  readonly attestationSizeBytesMax: number;
  /**
   * `insert`: the entry is to be logged. `find`: only its canonical form is wanted, which may also
   * be what the client sent, and no policy applies.
   */
  readonly purpose: "insert" | "find";
}

/** An entry that may be logged: everything in it is verified. */
export interface PreparedEntry {
  readonly kind: string;
  readonly version: string;
  /** Canonical JSON: the leaf. */
  readonly body: Uint8Array;
  readonly keys: SearchKeys;
  /** Kept beside the entry and served with it. */
  readonly attestation?: Uint8Array;
}
