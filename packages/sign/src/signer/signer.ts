// SPDX-License-Identifier: Apache-2.0
import type { Algorithm, PublicKey } from "@chancery/formats/crypto";
import type { KeyReferenceContext } from "../key-store/index.ts";
import type { MessageSource } from "./message.ts";

/**
 * Something that signs with one key in one way: a key in memory, in a KMS, on a token. It never
 * shows the private key.
 */
export interface Signer {
  readonly publicKey: PublicKey;
  readonly algorithm: Algorithm;
  /**
   * Signs a message by the algorithm: hashed as its scheme says, ECDSA in DER.
   * @throws SignError
   */
  sign(message: MessageSource): Promise<Uint8Array>;
}

/** What opening a signer may use. */
export interface SignerContext extends KeyReferenceContext {
  /** How to sign; without it the default of the key. */
  readonly algorithm?: Algorithm;
  /**
   * Where no algorithm is given, one that signs a digest: Ed25519 keys then sign prehashed. Logs
   * that keep digests alone can check nothing else.
   */
  readonly prehashed?: boolean;
}

/** One kind of signer, chosen by how its key is named. */
export interface SignerKind {
  /** For messages: `key`. */
  readonly name: string;
  matches(reference: string): boolean;
  /** @throws SignError */
  open(reference: string, context: SignerContext): Promise<Signer>;
}
