// SPDX-License-Identifier: Apache-2.0
import { type HashName, hashSizes, type SignatureScheme } from "../crypto/index.ts";
import { contextTag, type DerElement, DerReader } from "../der/index.ts";

const RSASSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";

interface Known {
  readonly scheme: SignatureScheme;
  /** RFC 4055 §5 wants NULL beside the PKCS#1 v1.5 identifiers and readers to live without it. */
  readonly nullAllowed: boolean;
}

const schemes: ReadonlyMap<string, Known> = new Map([
  ["1.2.840.10045.4.3.2", known("ecdsa", "sha256")],
  ["1.2.840.10045.4.3.3", known("ecdsa", "sha384")],
  ["1.2.840.10045.4.3.4", known("ecdsa", "sha512")],
  ["1.2.840.113549.1.1.11", known("rsa-pkcs1v15", "sha256")],
  ["1.2.840.113549.1.1.12", known("rsa-pkcs1v15", "sha384")],
  ["1.2.840.113549.1.1.13", known("rsa-pkcs1v15", "sha512")],
  ["1.3.101.112", { scheme: { kind: "ed25519" }, nullAllowed: false }],
]);

const hashes: ReadonlyMap<string, HashName> = new Map([
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

/**
 * The scheme that a signature AlgorithmIdentifier names (RFC 5280 §4.1.1.2, RFC 4055, RFC 5758,
 * RFC 8410): ECDSA, RSA PKCS#1 v1.5 and RSA-PSS with SHA-256/384/512, and pure Ed25519.
 *
 * RSA-PSS parameters must name one hash for message and mask, and a salt of that hash's length.
 * Does not check that a key fits the scheme: verifying does that.
 *
 * @param identifier the SEQUENCE as read.
 * @throws FormatError `unsupported` for other algorithms and parameters; the DER codes.
 */
export function readSignatureAlgorithm(identifier: DerElement): SignatureScheme {
  const reader = new DerReader(identifier.content, "signature algorithm");
  const oid = reader.oid();
  if (oid === RSASSA_PSS) return pssScheme(reader);
  const found = schemes.get(oid);
  if (!found) throw reader.error("unsupported", `algorithm ${oid}`);
  if (found.nullAllowed) reader.optionalNull();
  reader.end();
  return found.scheme;
}

/**
 * RSASSA-PSS-params (RFC 4055 §3.1):
 * SEQUENCE { [0] hash, [1] mask generation, [2] saltLength, [3] trailerField DEFAULT 1 }.
 * All default to SHA-1 values, so the first three must be present.
 */
function pssScheme(reader: DerReader): SignatureScheme {
  const parameters = reader.sequence();
  reader.end();
  const hash = hashIn(parameters.enterOptional(contextTag(0, true)), parameters);
  const mask = parameters.enterOptional(contextTag(1, true));
  if (!mask) throw parameters.error("unsupported", "RSA-PSS with MGF1 over SHA-1");
  const generator = mask.sequence();
  mask.end();
  const oid = generator.oid();
  if (oid !== MGF1) throw generator.error("unsupported", `mask generation ${oid}`);
  const maskHash = hashIn(generator, parameters);
  if (maskHash !== hash) {
    throw parameters.error("unsupported", `RSA-PSS of ${hash} with a mask of ${maskHash}`);
  }
  const salt = parameters.enterOptional(contextTag(2, true));
  const saltLength = salt?.smallInteger() ?? 20;
  salt?.end();
  if (saltLength !== hashSizes[hash]) {
    throw parameters.error("unsupported", `an RSA-PSS salt of ${saltLength} bytes with ${hash}`);
  }
  const trailer = parameters.enterOptional(contextTag(3, true));
  if (trailer) {
    const value = trailer.smallInteger();
    // 1 is the DEFAULT, which DER leaves out; OpenSSL and others wrote it all the same.
    if (value !== 1) throw parameters.error("unsupported", `RSA-PSS trailer field ${value}`);
    trailer.end();
  }
  parameters.end();
  return { kind: "rsa-pss", hash };
}

/** Reads the AlgorithmIdentifier of a hash, which ends the reader. */
function hashIn(reader: DerReader | undefined, parameters: DerReader): HashName {
  if (!reader) throw parameters.error("unsupported", "RSA-PSS with SHA-1");
  const identifier = reader.sequence();
  reader.end();
  const oid = identifier.oid();
  identifier.optionalNull();
  identifier.end();
  const name = hashes.get(oid);
  if (name === undefined) throw identifier.error("unsupported", `hash ${oid}`);
  return name;
}

function known(kind: "ecdsa" | "rsa-pkcs1v15", hash: HashName): Known {
  return { scheme: { kind, hash }, nullAllowed: kind === "rsa-pkcs1v15" };
}
