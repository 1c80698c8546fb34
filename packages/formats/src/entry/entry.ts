// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, decodeUtf8, encodeBase64, utf8Bytes } from "../bytes/index.ts";
import {
  type Algorithm,
  decodePkcs1PublicKey,
  decodeSpki,
  encodePublicKeyPem,
  type HashName,
  type PublicKey,
  publicKeysEqual,
} from "../crypto/index.ts";
import { FormatError } from "../errors/index.ts";
import type { JsonObject, ObjectDecoder } from "../json/index.ts";
import { decodePem, encodePem } from "../pem/index.ts";

/** Signatures read of one entry. */
export const signaturesMax = 32;

/** What a log entry states: these signatures, made under these keys, over this content. */
export interface EntryClaims {
  readonly signatures: readonly [LoggedSignature, ...LoggedSignature[]];
  readonly content: LoggedDigest;
  /** What Rekor v1 stores of a DSSE envelope beside its payload's digest. */
  readonly envelope?: LoggedEnvelope;
}

export interface LoggedEnvelope {
  /**
   * SHA-256 of the JSON text that was submitted. Nobody but the submitter has that text, so a
   * verifier can compare it with nothing.
   */
  readonly sha256: Uint8Array;
  /** Stored by intoto 0.0.2 only. */
  readonly payloadType?: string;
}

export interface LoggedSignature {
  readonly signature: Uint8Array;
  readonly verifier: LoggedVerifier;
}

export type LoggedVerifier =
  | { readonly kind: "certificate"; readonly certificate: Uint8Array }
  | { readonly kind: "publicKey"; readonly key: PublicKey };

export interface LoggedDigest {
  /** `message`: what the signature covers (artifact or PAE). `payload`: a DSSE payload alone. */
  readonly covers: "message" | "payload";
  readonly hash: HashName;
  readonly digest: Uint8Array;
  /** The algorithm that the entry itself names (Rekor v2). */
  readonly algorithm?: Algorithm;
}

/**
 * One kind and version of Rekor entry. A new one is a file that exports such a value and a line in
 * `registry.ts`.
 */
export interface EntryKind {
  readonly kind: string;
  readonly version: string;
  /** Major version of the Rekor API whose logs store it. */
  readonly api: 1 | 2;
  /** Reads `spec`. @throws FormatError */
  decode(spec: ObjectDecoder): EntryClaims;
  /** The `spec` that the log stores for the claims. */
  encode(claims: EntryClaims): JsonObject;
}

/** The envelope facts that a kind stores. @throws RangeError: a programming error */
export function requiredEnvelope(claims: EntryClaims): LoggedEnvelope {
  if (claims.envelope === undefined) throw new RangeError("the entry kind stores envelope facts");
  return claims.envelope;
}

/** Whether both name the same certificate, byte for byte, or the same key. */
export function verifiersEqual(a: LoggedVerifier, b: LoggedVerifier): boolean {
  if (a.kind === "certificate") {
    return b.kind === "certificate" && bytesEqual(a.certificate, b.certificate);
  }
  return b.kind === "publicKey" && publicKeysEqual(a.key, b.key);
}

/** Reads the PEM in which Rekor v1 stores a verifier: one certificate or one public key. */
export function decodeVerifierPem(pem: Uint8Array, place: string): LoggedVerifier {
  const [block, ...others] = decodePem(decodeUtf8(pem, place));
  if (block === undefined || others.length > 0) {
    throw new FormatError("unsupported", "log entry", place, "more than one PEM block");
  }
  switch (block.label) {
    case "CERTIFICATE":
      return { kind: "certificate", certificate: block.bytes };
    case "PUBLIC KEY":
      return { kind: "publicKey", key: decodeSpki(block.bytes) };
    case "RSA PUBLIC KEY":
      return { kind: "publicKey", key: decodePkcs1PublicKey(block.bytes) };
    default:
      throw new FormatError("unsupported", "log entry", place, `a PEM block ${block.label}`);
  }
}

/** Base64 of the PEM form of a verifier, as Rekor v1 stores it. */
export function encodeVerifierPem(verifier: LoggedVerifier): string {
  const pem =
    verifier.kind === "certificate"
      ? encodePem("CERTIFICATE", verifier.certificate)
      : encodePublicKeyPem(verifier.key);
  return encodeBase64(utf8Bytes(pem));
}
