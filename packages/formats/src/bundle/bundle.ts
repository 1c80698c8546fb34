// SPDX-License-Identifier: Apache-2.0
import type { Envelope } from "../dsse/index.ts";

export type BundleVersion = "0.1" | "0.2" | "0.3";

/** `dev.sigstore.bundle.v1.Bundle`, its oneofs as unions. */
export interface Bundle {
  readonly mediaType: string;
  readonly version: BundleVersion;
  readonly keyMaterial: KeyMaterial;
  readonly tlogEntries: readonly LogEntry[];
  /** DER of whole TimeStampResp messages (RFC 3161). */
  readonly timestamps: readonly Uint8Array[];
  readonly content: BundleContent;
}

export type KeyMaterial =
  /** Identifies a key that the verifier has; unauthenticated. */
  | { readonly kind: "publicKey"; readonly hint: string }
  /** DER of the signer's certificate. */
  | { readonly kind: "certificate"; readonly certificate: Uint8Array }
  /** DER, signer first; the others are hints and never trusted. */
  | { readonly kind: "chain"; readonly certificates: readonly Uint8Array[] };

export type BundleContent =
  | { readonly kind: "message"; readonly message: MessageSignature }
  | { readonly kind: "envelope"; readonly envelope: Envelope };

export interface MessageSignature {
  readonly signature: Uint8Array;
  /** Unauthenticated hint at the artifact. */
  readonly messageDigest?: MessageDigest;
}

export interface MessageDigest {
  readonly algorithm: DigestAlgorithm;
  readonly digest: Uint8Array;
}

/** `HashAlgorithm` of protobuf-specs, by name. */
export const digestAlgorithms = [
  "SHA2_256",
  "SHA2_384",
  "SHA2_512",
  "SHA3_256",
  "SHA3_384",
] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/** `TransparencyLogEntry`. */
export interface LogEntry {
  /** Index over all shards of a Rekor v1 log; the tree's own index for Rekor v2. */
  readonly logIndex: bigint;
  /** 32 bytes. */
  readonly logId: Uint8Array;
  readonly kind: string;
  readonly kindVersion: string;
  /** Seconds since 1970; only a signed promise makes it trustworthy. Absent or 0 for Rekor v2. */
  readonly integratedTime: bigint;
  /** The signed entry timestamp (SET) of Rekor v1. */
  readonly inclusionPromise?: Uint8Array;
  readonly inclusionProof?: LogInclusionProof;
  /** The leaf: exactly the bytes that the log hashed. */
  readonly canonicalizedBody: Uint8Array;
}

export interface LogInclusionProof {
  /** Index in the tree. */
  readonly logIndex: bigint;
  readonly rootHash: Uint8Array;
  readonly treeSize: bigint;
  /** Sibling hashes from leaf to root. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note, absent in some very old v0.1 bundles. */
  readonly checkpoint?: string;
}

const legacyMediaType = "application/vnd.dev.sigstore.bundle+json;version=";

/** What a bundle is whose log entry has a promise and no proof. */
export const bundleMediaTypeV01: string = `${legacyMediaType}0.1`;

/** What is emitted. */
export const bundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** Every media type that is read, with the version whose rules then hold. */
const bundleMediaTypes: Readonly<Record<string, BundleVersion>> = {
  [bundleMediaTypeV01]: "0.1",
  [`${legacyMediaType}0.2`]: "0.2",
  [`${legacyMediaType}0.3`]: "0.3",
  [bundleMediaType]: "0.3",
};

/** The version whose rules hold for a media type; undefined for one that is not read. */
export function bundleVersionOf(mediaType: string): BundleVersion | undefined {
  return Object.hasOwn(bundleMediaTypes, mediaType) ? bundleMediaTypes[mediaType] : undefined;
}
