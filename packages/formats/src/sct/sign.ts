// SPDX-License-Identifier: Apache-2.0
import { concatBytes, uintBytes } from "../bytes/index.ts";
import { type MessageSigner, type PublicKey, sha256 } from "../crypto/index.ts";
import { FormatError } from "../errors/index.ts";
import {
  ECDSA,
  encodeDigitallySigned,
  RSA,
  type Sct,
  type SctEntry,
  sctSignedData,
  SHA256,
} from "./sct.ts";

const VERSION_1 = 0;
const TREE_HASH = 1;

/** A log by RFC 6962: the key it signs with, and the id that is made of it. */
export class CtLogSigner {
  readonly #signer: MessageSigner;
  readonly #signatureAlgorithm: number;
  /** SHA-256 of the key's SubjectPublicKeyInfo. */
  readonly logId: Uint8Array;

  /**
   * @throws FormatError `unsupported` for keys other than ECDSA P-256 and RSA, both with SHA-256:
   *   clients written in Go refuse all others.
   */
  constructor(signer: MessageSigner) {
    this.#signer = signer;
    this.#signatureAlgorithm = signatureAlgorithmOf(signer);
    this.logId = sha256(signer.publicKey.spki);
  }

  get publicKey(): PublicKey {
    return this.#signer.publicKey;
  }

  /**
   * Promises that the entry is in the log, or will be.
   * @param timestamp its time and CtExtensions; the same for the leaf (`encodeMerkleTreeLeaf`).
   * @throws RangeError as `sctSignedData`; what the signer throws
   */
  async signEntry(
    timestamp: Pick<Sct, "timestampMs" | "extensions">,
    entry: SctEntry,
  ): Promise<Sct> {
    const { timestampMs, extensions } = timestamp;
    const signed = await this.#sign(sctSignedData(timestamp, entry));
    return { logId: this.logId, timestampMs, extensions, ...signed };
  }

  /** DigitallySigned over a tree head (RFC 6962 §3.5). @throws what the signer throws */
  async signTreeHead(head: CtTreeHead): Promise<Uint8Array> {
    return encodeDigitallySigned(await this.#sign(treeHeadSignedData(head)));
  }

  async #sign(
    message: Uint8Array,
  ): Promise<Pick<Sct, "hashAlgorithm" | "signatureAlgorithm" | "signature">> {
    const signature = await this.#signer.sign(message);
    return { hashAlgorithm: SHA256, signatureAlgorithm: this.#signatureAlgorithm, signature };
  }
}

/** A tree head (RFC 6962 §3.5). */
export interface CtTreeHead {
  /** Milliseconds since 1970. */
  readonly timestampMs: number;
  readonly treeSize: bigint;
  /** 32 bytes. */
  readonly rootHash: Uint8Array;
}

/** What a log signs of a tree head (RFC 6962 §3.5). @throws RangeError for what does not fit */
export function treeHeadSignedData({ timestampMs, treeSize, rootHash }: CtTreeHead): Uint8Array {
  if (rootHash.length !== 32) throw new RangeError("a root hash has 32 bytes");
  const head = Uint8Array.of(VERSION_1, TREE_HASH);
  return concatBytes(head, uintBytes(timestampMs, 8), uintBytes(treeSize, 8), rootHash);
}

function signatureAlgorithmOf({ publicKey, algorithm: { scheme, name } }: MessageSigner): number {
  if (scheme.kind === "ecdsa" && scheme.hash === "sha256") {
    if (publicKey.type === "ec" && publicKey.curve === "P-256") return ECDSA;
  }
  if (scheme.kind === "rsa-pkcs1v15" && scheme.hash === "sha256") return RSA;
  const problem = `${name}; a CT log signs with ECDSA P-256 or RSA PKCS#1 v1.5, and SHA-256`;
  throw new FormatError("unsupported", "SCT", "", problem);
}
