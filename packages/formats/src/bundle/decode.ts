// SPDX-License-Identifier: Apache-2.0
import { decodeEnvelope } from "../dsse/index.ts";
import { ObjectDecoder, parseJson } from "../json/index.ts";
import {
  type Bundle,
  type BundleContent,
  type BundleVersion,
  bundleVersionOf,
  digestAlgorithms,
  type KeyMaterial,
  type LogEntry,
  type LogInclusionProof,
} from "./bundle.ts";

interface BundleLimits {
  readonly sizeBytesMax: number;
  readonly depthMax: number;
  readonly valuesMax: number;
  readonly certificatesMax: number;
  readonly tlogEntriesMax: number;
  readonly timestampsMax: number;
  readonly proofHashesMax: number;
}

/** Limits of every bundle; those on counts are sigstore-go's (`internal/limits`). */
export const bundleLimits: BundleLimits = {
  /** UTF-8 bytes of the JSON. Attestations of large builds reach a few megabytes. */
  sizeBytesMax: 64 << 20,
  depthMax: 32,
  /** What all the limits below allow is half of it. */
  valuesMax: 1 << 13,
  certificatesMax: 10,
  tlogEntriesMax: 32,
  timestampsMax: 32,
  /** A proof in a tree of 2^63 leaves. */
  proofHashesMax: 64,
};

const format = "bundle";
const HASH_SIZE = 32;

/**
 * Reads a Sigstore bundle, v0.1 to v0.3, strictly: lowerCamelCase names, enumeration names and
 * standard base64 only; unknown fields, two members of one oneof and duplicate names are refused.
 *
 * Structure only. Which proofs a version demands, and everything cryptographic, is verification's.
 *
 * @throws FormatError with the JSON path as its place
 */
export function decodeBundle(json: Uint8Array | string): Bundle {
  const decoder = new ObjectDecoder(parseJson(json, format, bundleLimits), format);
  const mediaType = decoder.string("mediaType");
  const version = bundleVersionOf(mediaType);
  if (version === undefined) {
    throw decoder.error(
      "unknown-media-type",
      "mediaType",
      `${JSON.stringify(mediaType)} is not a bundle of version 0.1, 0.2 or 0.3`,
    );
  }
  const material = decoder.object("verificationMaterial");
  const keyMaterial = decodeKeyMaterial(material, version);
  const tlogEntries = material
    .objects("tlogEntries", bundleLimits.tlogEntriesMax)
    .map(readLogEntry);
  const timestamps = decodeTimestamps(material.optionalObject("timestampVerificationData"));
  material.end();
  const content = decodeContent(decoder);
  decoder.end();
  return { mediaType, version, keyMaterial, tlogEntries, timestamps, content };
}

/**
 * Reads one `TransparencyLogEntry`, as a bundle holds it and as Rekor v2 answers.
 * @throws FormatError with the JSON path as its place
 */
export function decodeLogEntry(json: Uint8Array | string): LogEntry {
  return readLogEntry(new ObjectDecoder(parseJson(json, "log entry", bundleLimits), "log entry"));
}

function decodeKeyMaterial(material: ObjectDecoder, version: BundleVersion): KeyMaterial {
  const arm = onlyOne(material, ["publicKey", "x509CertificateChain", "certificate"]);
  const value = material.object(arm);
  let keyMaterial: KeyMaterial;
  if (arm === "publicKey") {
    keyMaterial = { kind: "publicKey", hint: value.optionalString("hint") ?? "" };
  } else if (arm === "certificate") {
    if (version !== "0.3") {
      throw material.error("unknown-field", arm, `does not exist in version ${version}`);
    }
    keyMaterial = { kind: "certificate", certificate: value.bytes("rawBytes") };
  } else {
    if (version === "0.3") {
      throw material.error("unknown-field", arm, "version 0.3 holds one certificate, not a chain");
    }
    const certificates = value
      .objects("certificates", bundleLimits.certificatesMax)
      .map((certificate) => {
        const der = certificate.bytes("rawBytes");
        certificate.end();
        return der;
      });
    if (certificates.length === 0) {
      throw value.error("missing-field", "certificates", "the chain holds no certificate");
    }
    keyMaterial = { kind: "chain", certificates };
  }
  value.end();
  return keyMaterial;
}

function readLogEntry(entry: ObjectDecoder): LogEntry {
  const logId = entry.object("logId");
  const keyId = fixed(logId, "keyId");
  logId.end();
  const kindVersion = entry.object("kindVersion");
  const kind = kindVersion.string("kind");
  const version = kindVersion.string("version");
  kindVersion.end();
  const promise = entry.optionalObject("inclusionPromise");
  const inclusionPromise = promise?.bytes("signedEntryTimestamp");
  promise?.end();
  const proof = entry.optionalObject("inclusionProof");
  const inclusionProof = proof && decodeInclusionProof(proof);
  // proto3 leaves out a zero: the first entry of a log has no logIndex.
  const logIndex = entry.optionalUint64("logIndex") ?? 0n;
  const integratedTime = entry.optionalUint64("integratedTime") ?? 0n;
  const canonicalizedBody = entry.bytes("canonicalizedBody");
  entry.end();
  return {
    logIndex,
    logId: keyId,
    kind,
    kindVersion: version,
    integratedTime,
    ...(inclusionPromise === undefined ? {} : { inclusionPromise }),
    ...(inclusionProof === undefined ? {} : { inclusionProof }),
    canonicalizedBody,
  };
}

function decodeInclusionProof(proof: ObjectDecoder): LogInclusionProof {
  const logIndex = proof.optionalUint64("logIndex") ?? 0n;
  const rootHash = fixed(proof, "rootHash");
  const treeSize = proof.uint64("treeSize");
  const hashes = proof.bytesArray("hashes", bundleLimits.proofHashesMax);
  for (const [i, hash] of hashes.entries()) {
    if (hash.length !== HASH_SIZE) {
      throw proof.error("out-of-range", `hashes[${i}]`, `${hash.length} bytes, not ${HASH_SIZE}`);
    }
  }
  const note = proof.optionalObject("checkpoint");
  const checkpoint = note?.string("envelope");
  if (checkpoint === "") throw proof.error("missing-field", "checkpoint.envelope", "is empty");
  note?.end();
  proof.end();
  return { logIndex, rootHash, treeSize, hashes, ...(checkpoint ? { checkpoint } : {}) };
}

function decodeTimestamps(data: ObjectDecoder | undefined): Uint8Array[] {
  if (!data) return [];
  const timestamps = data
    .objects("rfc3161Timestamps", bundleLimits.timestampsMax)
    .map((timestamp) => {
      const der = timestamp.bytes("signedTimestamp");
      timestamp.end();
      return der;
    });
  data.end();
  return timestamps;
}

function decodeContent(bundle: ObjectDecoder): BundleContent {
  if (onlyOne(bundle, ["messageSignature", "dsseEnvelope"]) === "dsseEnvelope") {
    const envelope = decodeEnvelope(bundle.object("dsseEnvelope"));
    if (envelope.signatures.length !== 1) {
      throw bundle.error(
        "out-of-range",
        "dsseEnvelope.signatures",
        `${envelope.signatures.length} signatures where a bundle holds exactly one`,
      );
    }
    return { kind: "envelope", envelope };
  }
  const message = bundle.object("messageSignature");
  const signature = message.bytes("signature");
  const hint = message.optionalObject("messageDigest");
  // Empty is a proto3 message whose fields are unset: cosign's, for pure Ed25519 over the file.
  const isSet = hint?.has("algorithm") === true || hint?.has("digest") === true;
  const messageDigest = isSet
    ? { algorithm: hint.oneOf("algorithm", digestAlgorithms), digest: hint.bytes("digest") }
    : undefined;
  hint?.end();
  message.end();
  return { kind: "message", message: { signature, ...(messageDigest ? { messageDigest } : {}) } };
}

/** The one member of a oneof that is set. @throws FormatError for none or several */
function onlyOne<T extends string>(decoder: ObjectDecoder, names: readonly T[]): T {
  const [found, ...others] = names.filter((name) => decoder.has(name));
  if (found === undefined) {
    throw decoder.error("missing-field", names[0] as string, `none of ${names.join(", ")} is set`);
  }
  if (others.length > 0) {
    const both = [found, ...others].join(" and ");
    throw decoder.error("conflicting-fields", found, `${both} exclude each other`);
  }
  return found;
}

function fixed(decoder: ObjectDecoder, name: string): Uint8Array {
  const bytes = decoder.bytes(name);
  if (bytes.length === HASH_SIZE) return bytes;
  throw decoder.error("out-of-range", name, `${bytes.length} bytes, not ${HASH_SIZE}`);
}
