// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, utf8Bytes } from "@chancery/formats/bytes";
import {
  type Algorithm,
  algorithmFits,
  decodePkcs1PublicKey,
  decodeSpki,
  defaultAlgorithm,
  type HashName,
  type PublicKey,
  schemeHash,
  type SignatureScheme,
} from "@chancery/formats/crypto";
import { verifySignatureInPool } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { decodePem } from "@chancery/formats/pem";
import { type FulcioRefusal, type FulcioRefusalCode, refusal } from "../refusal/index.ts";

/** An RSA key of 4096 bits in PEM has 800 bytes. */
const keySizeBytesMax = 16_384;
const proofSizeBytesMax = 1_024;
const rsaBits: readonly number[] = [2048, 3072, 4096];
/** Smaller ones are no longer made, and have been forged with. */
const rsaExponentMin = 65_537;

/**
 * Reads the key that is to be certified: PEM (`PUBLIC KEY` or `RSA PUBLIC KEY`, of which the first
 * block counts), else DER of a SubjectPublicKeyInfo.
 * @throws FulcioRefusal `key-malformed` | `key-insecure`
 */
export function readPublicKey(content: Uint8Array): PublicKey {
  if (content.length > keySizeBytesMax) throw refusal("key-malformed");
  const key = reading("key-malformed", () => decodeKey(content));
  checkStrength(key);
  return key;
}

function decodeKey(content: Uint8Array): PublicKey {
  // The first byte of DER is no text of PEM.
  if (content[0] === 0x30) return decodeSpki(content);
  const [block] = decodePem(decodeUtf8(content, "public key"));
  if (block?.label === "RSA PUBLIC KEY") return decodePkcs1PublicKey(block.bytes);
  if (block?.label === "PUBLIC KEY") return decodeSpki(block.bytes);
  throw new FormatError("malformed-pem", "public key", "", `a ${block?.label ?? "text"}`);
}

/**
 * Refuses keys of other sizes than Fulcio's, and RSA exponents below 65537, which its specification
 * forbids although it no longer looks.
 * @throws FulcioRefusal `key-insecure`
 */
export function checkStrength(key: PublicKey): void {
  if (key.type !== "rsa") return;
  const { modulusBits, exponent } = key;
  if (!rsaBits.includes(modulusBits)) {
    throw refusal("key-insecure", { detail: `an RSA key of ${modulusBits} bits` });
  }
  if (exponent < rsaExponentMin) {
    throw refusal("key-insecure", { detail: `the RSA exponent ${exponent}` });
  }
}

/**
 * What a parser refuses as unsupported is a key that may be right, and is not taken.
 * @throws FulcioRefusal the code, or `key-insecure`
 */
export function reading<T>(code: FulcioRefusalCode, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const isKey = cause.code === "unsupported" && cause.format === "public key";
    throw refusal(isKey ? "key-insecure" : code, { detail: cause.message, cause });
  }
}

/**
 * Checks that whoever asks has the private key: a signature over one of the token's challenges, by
 * what the key signs with as a rule. A point off its curve does not verify.
 *
 * @param allowed what may be signed with, looked at after the signature as Fulcio does.
 * @throws FulcioRefusal `proof-invalid` | `algorithm-not-allowed`
 */
export async function checkProof(
  key: PublicKey,
  proof: Uint8Array,
  challenges: readonly string[],
  allowed: readonly Algorithm[],
): Promise<void> {
  const { scheme } = defaultAlgorithm(key);
  if (proof.length === 0 || proof.length > proofSizeBytesMax) throw refusal("proof-invalid");
  let verified = false;
  for (const challenge of challenges) {
    verified ||= await verifySignatureInPool(key, scheme, utf8Bytes(challenge), proof);
  }
  if (!verified) throw refusal("proof-invalid");
  checkAllowed(key, scheme, allowed);
}

/** @throws FulcioRefusal `algorithm-not-allowed`, in Fulcio's words */
export function checkAllowed(
  key: PublicKey,
  scheme: SignatureScheme,
  allowed: readonly Algorithm[],
): void {
  const hash = schemeHash(scheme);
  const isSame = ({ scheme: other }: Algorithm): boolean =>
    other.kind === scheme.kind && schemeHash(other) === hash;
  if (allowed.some((one) => isSame(one) && algorithmFits(one, key))) return;
  throw notAllowed(key, hash);
}

const goTypes: Readonly<Record<PublicKey["type"], string>> = {
  ec: "*ecdsa.PublicKey",
  rsa: "*rsa.PublicKey",
  ed25519: "ed25519.PublicKey",
};

function notAllowed(key: PublicKey, hash: HashName | undefined): FulcioRefusal {
  // Pure Ed25519 hashes nothing beforehand, which Go calls by this name.
  const name = hash === undefined ? "unknown hash value 0" : goHashName(hash);
  const text = `signing algorithm not permitted: ${goTypes[key.type]}, ${name}`;
  return refusal("algorithm-not-allowed", { text });
}

function goHashName(hash: HashName): string {
  return `SHA-${hash.slice("sha".length)}`;
}
