// SPDX-License-Identifier: Apache-2.0
import { type Bundle, bundleMediaType, type MessageDigest } from "@chancery/formats/bundle";
import { encodeBase64 } from "@chancery/formats/bytes";
import { type PublicKey, schemeHash, sha256 } from "@chancery/formats/crypto";
import { inTotoPayloadType, preAuthenticationEncoding } from "@chancery/formats/dsse";
import { hashOutputName } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { decodeStatement } from "@chancery/formats/statement";
import { SignError } from "./errors.ts";
import { pendingEntryOf, type PendingEntry } from "./pending.ts";
import type { LoggableSignature } from "./rekor/index.ts";
import { MeasuredMessage, type MessageSource, type Signer } from "./signer/index.ts";
import type { Vouched, Vouching } from "./vouch.ts";

export interface SignInput extends Vouching {
  /** What to sign: bytes, or content that is read in constant memory as it is signed. */
  readonly artifact: MessageSource;
  readonly signer: Signer;
  /** Told the bytes read so far; starts again at 0 where the content is read a second time. */
  readonly onProgress?: (bytesRead: number) => void;
}

/** A signature in its bundle. */
interface Signed {
  /** Version 0.3. */
  readonly bundle: Bundle;
  /** The signature alone, as it is in the bundle. */
  readonly signature: Uint8Array;
  /** What some logs have yet to get, where that is allowed; the bundle lacks their entries. */
  readonly pending?: PendingEntry;
}

/** The bundle has a message signature. */
export interface SignedArtifact extends Signed {
  /**
   * Digest of the artifact by the algorithm's hash. Pure Ed25519 has none of its own; SHA-256
   * stands there because other clients refuse bundles without a digest.
   */
  readonly digest: MessageDigest;
}

/**
 * Signs an artifact and puts the signature into a bundle.
 *
 * With a key the bundle names it by the SHA-256 of its SubjectPublicKeyInfo and does not hold it:
 * the verifier must have it. With a signer that is certified (`certify`) the bundle holds the
 * certificate. The steps are always in this order: signature, logs, timestamps. What is not asked
 * for is left out, and contacts nobody.
 *
 * @throws SignError; whatever reading the artifact throws. Where a log or an authority refuses,
 *   there is no bundle, though other logs may have the entry. `timestamp-required` before anything
 *   is signed, where a certificate would outlive every proof of when it was used.
 */
export async function sign(input: SignInput): Promise<SignedArtifact> {
  const { artifact, signer, onProgress } = input;
  checkVouching(input, "message");
  const hash = schemeHash(signer.algorithm.scheme) ?? "sha256";
  const measured = new MeasuredMessage(artifact, hash, onProgress);
  const signature = await signer.sign(measured.source);
  const digest = { algorithm: hashOutputName(hash), digest: measured.digest() };
  const message = { signature, messageDigest: digest };
  const content = { kind: "message", hash, digest: digest.digest } as const;
  const vouched = await vouch(input, { signature, content });
  return { ...bundled(signer, signature, { kind: "message", message }, vouched), digest };
}

export interface AttestInput extends Vouching {
  /** An in-toto Statement in JSON; signed as the bytes that it is. */
  readonly statement: Uint8Array;
  readonly signer: Signer;
}

/** The bundle has a DSSE envelope. */
export type SignedStatement = Signed;

/**
 * Signs a Statement into a DSSE envelope in a bundle. The payload is the statement byte for byte.
 *
 * Checks that it is a well-formed Statement, as no verifier would take another; not that its
 * subjects exist or that the predicate is true.
 *
 * @throws SignError `malformed-statement`, and as `sign`
 */
export async function attest(input: AttestInput): Promise<SignedStatement> {
  const { statement, signer } = input;
  checkVouching(input, "envelope");
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
  const vouched = await vouch(input, { signature, content });
  return bundled(signer, signature, content, vouched);
}

/** How bundles name a key: base64 of the SHA-256 of its SubjectPublicKeyInfo, as cosign does. */
export function keyHint(key: PublicKey): string {
  return encodeBase64(sha256(key.spki));
}

/** @throws SignError where a log could not check the signature, or nothing would prove its time */
function checkVouching(
  input: Vouching & { readonly signer: Signer },
  content: "message" | "envelope",
): void {
  const { signer, logging } = input;
  for (const log of logging?.logs ?? []) log.checkAlgorithm(signer.algorithm, content);
  if (signer.certificate) checkTimeSource(input);
}

/**
 * Whether something will prove when a certificate was used, without which nobody accepts it once it
 * has ended: to be asked before one is got.
 * @throws SignError `timestamp-required`
 */
export function checkTimeSource({ logging, timestampServices = [] }: Vouching): void {
  if (timestampServices.length > 0) return;
  const { logs = [], allowPending = false } = logging ?? {};
  if (logs.some(({ api }) => api === 1) && !allowPending) return;
  const why = allowPending
    ? "a certificate ends before a pending entry is logged"
    : logs.length > 0
      ? "Rekor v2 does not say when it logged an entry, and a certificate ends within minutes"
      : "nothing says when the signature was made, and a certificate ends within minutes";
  throw new SignError(
    "timestamp-required",
    `a timestamp authority is needed: ${why}`,
    "use a signing config that lists one, or pass --timestamp-server-url URL",
  );
}

/** What vouching takes is loaded by those who need it. */
async function vouch(
  { signer, logging, timestampServices = [] }: Vouching & { readonly signer: Signer },
  signed: Pick<LoggableSignature, "signature" | "content">,
): Promise<Vouched> {
  const logs = logging?.logs ?? [];
  if (logs.length + timestampServices.length === 0) return nobody;
  const { vouchFor } = await import("./vouch.ts");
  return vouchFor(signed, signer, { ...(logging && { logging }), timestampServices });
}

const nobody: Vouched = { tlogEntries: [], timestamps: [], pending: [] };

function bundled(
  signer: Signer,
  signature: Uint8Array,
  content: Bundle["content"],
  { tlogEntries, timestamps, pending }: Vouched,
): Signed {
  const { certificate, publicKey } = signer;
  const bundle: Bundle = {
    mediaType: bundleMediaType,
    version: "0.3",
    keyMaterial: certificate
      ? { kind: "certificate", certificate: certificate.der }
      : { kind: "publicKey", hint: keyHint(publicKey) },
    tlogEntries,
    timestamps,
    content,
  };
  if (pending.length === 0) return { bundle, signature };
  return { bundle, signature, pending: pendingEntryOf(signature, signer, pending) };
}
