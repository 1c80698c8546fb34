// SPDX-License-Identifier: Apache-2.0
import {
  type Bundle,
  bundleMediaType,
  type LogEntry,
  type MessageDigest,
} from "@chancery/formats/bundle";
import { encodeBase64 } from "@chancery/formats/bytes";
import { type PublicKey, schemeHash, sha256 } from "@chancery/formats/crypto";
import { inTotoPayloadType, preAuthenticationEncoding } from "@chancery/formats/dsse";
import { hashOutputName } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { decodeStatement } from "@chancery/formats/statement";
import { SignError } from "./errors.ts";
import type { Logging } from "./enter.ts";
import type { LoggableSignature } from "./rekor/index.ts";
import { MeasuredMessage, type MessageSource, type Signer } from "./signer/index.ts";

export interface SignInput {
  /** What to sign: bytes, or content that is read in constant memory as it is signed. */
  readonly artifact: MessageSource;
  readonly signer: Signer;
  /** Told the bytes read so far; starts again at 0 where the content is read a second time. */
  readonly onProgress?: (bytesRead: number) => void;
  readonly logging?: Logging;
}

export interface SignedArtifact {
  /** Version 0.3, with a message signature. */
  readonly bundle: Bundle;
  /** The signature alone, as it is in the bundle. */
  readonly signature: Uint8Array;
  /**
   * Digest of the artifact by the algorithm's hash. Pure Ed25519 has none of its own; SHA-256
   * stands there because other clients refuse bundles without a digest.
   */
  readonly digest: MessageDigest;
}

/**
 * Signs an artifact with a key and puts the signature into a bundle, which names the key by the
 * SHA-256 of its SubjectPublicKeyInfo and does not hold it: the verifier must have it.
 *
 * Nothing is logged unless `logging` asks for it (level `keyed`, else `logged`); no time is
 * attested.
 *
 * @throws SignError; whatever reading the artifact throws. Where a log refuses, there is no bundle,
 *   though other logs may have the entry.
 */
export async function sign(input: SignInput): Promise<SignedArtifact> {
  const { artifact, signer, onProgress, logging } = input;
  for (const log of logging?.logs ?? []) log.checkAlgorithm(signer.algorithm, "message");
  const hash = schemeHash(signer.algorithm.scheme) ?? "sha256";
  const measured = new MeasuredMessage(artifact, hash, onProgress);
  const signature = await signer.sign(measured.source);
  const digest = { algorithm: hashOutputName(hash), digest: measured.digest() };
  const message = { signature, messageDigest: digest };
  const content = { kind: "message", hash, digest: digest.digest } as const;
  const entries = await enterIn(logging, signer, signature, content);
  const bundle = keyBundle(signer.publicKey, { kind: "message", message }, entries);
  return { bundle, signature, digest };
}

export interface AttestInput {
  /** An in-toto Statement in JSON; signed as the bytes that it is. */
  readonly statement: Uint8Array;
  readonly signer: Signer;
  readonly logging?: Logging;
}

export interface SignedStatement {
  /** Version 0.3, with a DSSE envelope. */
  readonly bundle: Bundle;
  readonly signature: Uint8Array;
}

/**
 * Signs a Statement into a DSSE envelope in a bundle. The payload is the statement byte for byte.
 *
 * Checks that it is a well-formed Statement, as no verifier would take another; not that its
 * subjects exist or that the predicate is true.
 *
 * @throws SignError `malformed-statement`; where it is logged, as `sign`
 */
export async function attest(input: AttestInput): Promise<SignedStatement> {
  const { statement, signer, logging } = input;
  for (const log of logging?.logs ?? []) log.checkAlgorithm(signer.algorithm, "envelope");
  try {
    decodeStatement(statement);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new SignError(
      "malformed-statement",
      `not an in-toto Statement: ${cause.message}`,
      "see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md",
      { cause },
    );
  }
  const payload = statement.slice();
  const signature = await signer.sign(preAuthenticationEncoding(inTotoPayloadType, payload));
  const envelope = { payload, payloadType: inTotoPayloadType, signatures: [{ sig: signature }] };
  const content = { kind: "envelope", envelope } as const;
  const entries = await enterIn(logging, signer, signature, content);
  return { bundle: keyBundle(signer.publicKey, content, entries), signature };
}

/** How bundles name a key: base64 of the SHA-256 of its SubjectPublicKeyInfo, as cosign does. */
export function keyHint(key: PublicKey): string {
  return encodeBase64(sha256(key.spki));
}

/** What logging takes is loaded by those who log. */
async function enterIn(
  logging: Logging | undefined,
  signer: Signer,
  signature: Uint8Array,
  content: LoggableSignature["content"],
): Promise<LogEntry[]> {
  if (!logging || logging.logs.length === 0) return [];
  const { enter } = await import("./enter.ts");
  return enter(logging, signer, { signature, content });
}

function keyBundle(
  key: PublicKey,
  content: Bundle["content"],
  tlogEntries: readonly LogEntry[],
): Bundle {
  return {
    mediaType: bundleMediaType,
    version: "0.3",
    keyMaterial: { kind: "publicKey", hint: keyHint(key) },
    tlogEntries,
    timestamps: [],
    content,
  };
}
