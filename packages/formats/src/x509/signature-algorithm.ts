// SPDX-License-Identifier: Apache-2.0
import {
  hashByOid,
  type HashName,
  hashOids,
  hashSizes,
  schemeHash,
  type SignatureScheme,
} from "../crypto/index.ts";
import {
  contextTag,
  type DerElement,
  derExplicit,
  derInteger,
  derNull,
  derOid,
  DerReader,
  derSequence,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";

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

/**
 * The AlgorithmIdentifier of a scheme, as RFC 4055 and RFC 5758 want it written: NULL parameters
 * beside PKCS#1 v1.5, none beside ECDSA and Ed25519.
 * @throws FormatError `unsupported` for Ed25519ph, with which nothing of X.509 or CMS is signed
 */
export function encodeSignatureAlgorithm(scheme: SignatureScheme): Uint8Array {
  if (scheme.kind === "rsa-pss") return encodePss(scheme.hash);
  for (const [oid, found] of schemes) {
    if (schemesEqual(found.scheme, scheme)) {
      return derSequence(derOid(oid), ...(found.nullAllowed ? [derNull()] : []));
    }
  }
  throw new FormatError(
    "unsupported",
    "signature algorithm",
    "",
    `${scheme.kind} has no identifier`,
  );
}

function encodePss(hash: HashName): Uint8Array {
  const identifier = derSequence(derOid(hashOids[hash]), derNull());
  return derSequence(
    derOid(RSASSA_PSS),
    derSequence(
      derExplicit(0, identifier),
      derExplicit(1, derSequence(derOid(MGF1), identifier)),
      derExplicit(2, derInteger(hashSizes[hash])),
    ),
  );
}

function schemesEqual(a: SignatureScheme, b: SignatureScheme): boolean {
  return a.kind === b.kind && schemeHash(a) === schemeHash(b);
}

/** Reads the AlgorithmIdentifier of a hash, which ends the reader. */
function hashIn(reader: DerReader | undefined, parameters: DerReader): HashName {
  if (!reader) throw parameters.error("unsupported", "RSA-PSS with SHA-1");
  const identifier = reader.sequence();
  reader.end();
  const oid = identifier.oid();
  identifier.optionalNull();
  identifier.end();
  const name = hashByOid(oid);
  if (name === undefined) throw identifier.error("unsupported", `hash ${oid}`);
  return name;
}

function known(kind: "ecdsa" | "rsa-pkcs1v15", hash: HashName): Known {
  return { scheme: { kind, hash }, nullAllowed: kind === "rsa-pkcs1v15" };
}
