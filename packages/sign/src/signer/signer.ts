// SPDX-License-Identifier: Apache-2.0
import type { Algorithm, PublicKey } from "@chancery/formats/crypto";
import type { Certificate } from "@chancery/formats/x509";
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
  /**
   * Signs a short text to prove possession of the key: by the key's own algorithm
   * (`defaultAlgorithm`), whatever artifacts are signed with, as authorities know no other.
   * @throws SignError
   */
  prove(challenge: Uint8Array): Promise<Uint8Array>;
  /** Who the key belongs to, where an authority says so: bundles then hold this and no key hint. */
  readonly certificate?: Certificate;
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
