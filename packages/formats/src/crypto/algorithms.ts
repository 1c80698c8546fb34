// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";
import type { EcCurve, PublicKey } from "./public-key.ts";

/** Hash functions that signatures and digests may use. */
export type HashName = "sha256" | "sha384" | "sha512";

/** Digest sizes in bytes. */
export const hashSizes: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** Object identifiers of the hash functions (NIST CSOR). */
export const hashOids: Readonly<Record<HashName, string>> = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
};

/** The hash function that a dotted object identifier names, or undefined for all others. */
export function hashByOid(oid: string): HashName | undefined {
  return (Object.keys(hashOids) as HashName[]).find((name) => hashOids[name] === oid);
}

/** How a message is hashed and signed, apart from the key. */
export type SignatureScheme =
  | { readonly kind: "ecdsa"; readonly hash: HashName }
  | { readonly kind: "rsa-pkcs1v15"; readonly hash: HashName }
  | { readonly kind: "rsa-pss"; readonly hash: HashName }
  | { readonly kind: "ed25519" }
  | { readonly kind: "ed25519ph" };

/** The hash to feed `verifyDigest`, or undefined where the scheme needs the message itself. */
export function schemeHash(scheme: SignatureScheme): HashName | undefined {
  if (scheme.kind === "ed25519") return undefined;
  return scheme.kind === "ed25519ph" ? "sha512" : scheme.hash;
}

/** One row of Sigstore's `PublicKeyDetails` registry (protobuf-specs `sigstore_common.proto`). */
export interface Algorithm {
  /** Name in JSON. */
  readonly name: string;
  /** Number in protobuf. */
  readonly number: number;
  /** Name on command lines (`--signing-algorithm`), absent where no flag selects it. */
  readonly flag?: string;
  readonly scheme: SignatureScheme;
  /** The keys it goes with. */
  readonly key:
    | { readonly type: "ec"; readonly curve: EcCurve }
    | { readonly type: "rsa"; readonly modulusBits?: number }
    | { readonly type: "ed25519" };
  /** Verified where met in old data, never chosen for signing. */
  readonly verifyOnly?: true;
}

/**
 * Who signs what is small: certificates, timestamps, tree heads. Keys in files, in a KMS and on
 * tokens look alike; a `Signer` of `@chancery/sign` is one.
 */
export interface MessageSigner {
  readonly publicKey: PublicKey;
  /** Fits the key. */
  readonly algorithm: Algorithm;
  /** Signs a message by the algorithm: hashed as its scheme says, ECDSA in DER. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

const ecdsa = (hash: HashName): SignatureScheme => ({ kind: "ecdsa", hash });
const pkcs1: SignatureScheme = { kind: "rsa-pkcs1v15", hash: "sha256" };
const pss: SignatureScheme = { kind: "rsa-pss", hash: "sha256" };
const rsa = (modulusBits: number): Algorithm["key"] => ({ type: "rsa", modulusBits });
const ec = (curve: EcCurve): Algorithm["key"] => ({ type: "ec", curve });

/**
 * The registry. The first row that fits a key is that key's default algorithm. Names that are known
 * but not implemented (ML-DSA, LMS) are in `unsupportedNames`.
 */
export const algorithms: readonly Algorithm[] = [
  // name, number, flag, scheme, key
  row("PKIX_ECDSA_P256_SHA_256", 5, "ecdsa-sha2-256-nistp256", ecdsa("sha256"), ec("P-256")),
  row("PKIX_ECDSA_P384_SHA_384", 12, "ecdsa-sha2-384-nistp384", ecdsa("sha384"), ec("P-384")),
  row("PKIX_ECDSA_P521_SHA_512", 13, "ecdsa-sha2-512-nistp521", ecdsa("sha512"), ec("P-521")),
  row("PKIX_RSA_PKCS1V15_2048_SHA256", 9, "rsa-sign-pkcs1-2048-sha256", pkcs1, rsa(2048)),
  row("PKIX_RSA_PKCS1V15_3072_SHA256", 10, "rsa-sign-pkcs1-3072-sha256", pkcs1, rsa(3072)),
  row("PKIX_RSA_PKCS1V15_4096_SHA256", 11, "rsa-sign-pkcs1-4096-sha256", pkcs1, rsa(4096)),
  row("PKIX_RSA_PSS_2048_SHA256", 16, "rsa-sign-pss-2048-sha256", pss, rsa(2048)),
  row("PKIX_RSA_PSS_3072_SHA256", 17, "rsa-sign-pss-3072-sha256", pss, rsa(3072)),
  row("PKIX_RSA_PSS_4096_SHA256", 18, "rsa-sign-pss-4096-sha256", pss, rsa(4096)),
  row("PKIX_ED25519", 7, "ed25519", { kind: "ed25519" }, { type: "ed25519" }),
  row("PKIX_ED25519_PH", 8, "ed25519-ph", { kind: "ed25519ph" }, { type: "ed25519" }),
  // Deprecated pairs and encodings that real data still uses.
  old("PKIX_ECDSA_P384_SHA_256", 19, ecdsa("sha256"), ec("P-384"), "ecdsa-sha2-256-nistp384"),
  old("PKIX_ECDSA_P521_SHA_256", 20, ecdsa("sha256"), ec("P-521"), "ecdsa-sha2-256-nistp521"),
  old("PKCS1_RSA_PKCS1V5", 1, pkcs1, { type: "rsa" }),
  old("PKCS1_RSA_PSS", 2, pss, { type: "rsa" }),
  old("PKIX_RSA_PKCS1V5", 3, pkcs1, { type: "rsa" }),
  old("PKIX_RSA_PSS", 4, pss, { type: "rsa" }),
];

/** Registered names without an implementation here: refused by name rather than as unknown. */
const unsupportedNames: readonly string[] = [
  "PKIX_ECDSA_P256_HMAC_SHA_256",
  "LMS_SHA256",
  "LMOTS_SHA256",
  "ML_DSA_44",
  "ML_DSA_65",
  "ML_DSA_87",
];

/** @throws FormatError `unsupported`, also for names that are not registered at all. */
export function algorithmByName(name: string): Algorithm {
  const found = algorithms.find((algorithm) => algorithm.name === name);
  if (found) return found;
  const known = unsupportedNames.includes(name);
  throw new FormatError(
    "unsupported",
    "key details",
    "",
    `${name} is ${known ? "registered but not implemented" : "not a registered PublicKeyDetails"}`,
  );
}

/** @throws FormatError `unsupported` */
export function algorithmByFlag(flag: string): Algorithm {
  const found = algorithms.find((algorithm) => algorithm.flag === flag);
  if (found) return found;
  const flags = algorithms.flatMap((algorithm) => algorithm.flag ?? []);
  throw new FormatError(
    "unsupported",
    "algorithm",
    "",
    `${flag} is not one of ${flags.join(", ")}`,
  );
}

/** Whether the algorithm can be used with the key. */
export function algorithmFits(algorithm: Algorithm, key: PublicKey): boolean {
  const wanted = algorithm.key;
  if (wanted.type !== key.type) return false;
  if (wanted.type === "ec") return key.type === "ec" && wanted.curve === key.curve;
  if (wanted.type === "rsa" && wanted.modulusBits !== undefined) {
    return key.type === "rsa" && wanted.modulusBits === key.modulusBits;
  }
  return true;
}

/**
 * The algorithm a key signs with unless told otherwise: curve-sized hash, PKCS#1 v1.5 with SHA-256,
 * pure Ed25519 (sigstore `algorithm_registry.go`). RSA keys of odd sizes fall to the deprecated
 * `PKIX_RSA_PKCS1V5`.
 */
export function defaultAlgorithm(key: PublicKey): Algorithm {
  const found =
    algorithms.find((algorithm) => !algorithm.verifyOnly && algorithmFits(algorithm, key)) ??
    algorithms.find((algorithm) => algorithm.name === "PKIX_RSA_PKCS1V5");
  return found as Algorithm;
}

function row(
  name: string,
  number: number,
  flag: string,
  scheme: SignatureScheme,
  key: Algorithm["key"],
): Algorithm {
  return { name, number, flag, scheme, key };
}

function old(
  name: string,
  number: number,
  scheme: SignatureScheme,
  key: Algorithm["key"],
  flag?: string,
): Algorithm {
  return { name, number, scheme, key, verifyOnly: true, ...(flag === undefined ? {} : { flag }) };
}
