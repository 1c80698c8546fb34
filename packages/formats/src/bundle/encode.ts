// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "../bytes/index.ts";
import { envelopeToJson } from "../dsse/index.ts";
import type { JsonObject } from "../json/index.ts";
import type { Bundle, LogEntry } from "./bundle.ts";

/**
 * The bundle as one line of JSON in protobuf's mapping, members in the order of the schema, default
 * values left out but in log entries, without a newline at the end.
 */
export function encodeBundle(bundle: Bundle): string {
  return JSON.stringify(bundleToJson(bundle));
}

/** As `encodeBundle`, as a value. */
export function bundleToJson(bundle: Bundle): JsonObject {
  const { keyMaterial, tlogEntries, timestamps, content } = bundle;
  const material: Record<string, JsonObject | JsonObject[]> = {};
  if (keyMaterial.kind === "publicKey") {
    material["publicKey"] = keyMaterial.hint === "" ? {} : { hint: keyMaterial.hint };
  } else if (keyMaterial.kind === "certificate") {
    material["certificate"] = { rawBytes: encodeBase64(keyMaterial.certificate) };
  } else {
    const certificates = keyMaterial.certificates.map((der) => ({ rawBytes: encodeBase64(der) }));
    material["x509CertificateChain"] = { certificates };
  }
  if (tlogEntries.length > 0) material["tlogEntries"] = tlogEntries.map(logEntryToJson);
  if (timestamps.length > 0) {
    const rfc3161Timestamps = timestamps.map((der) => ({ signedTimestamp: encodeBase64(der) }));
    material["timestampVerificationData"] = { rfc3161Timestamps };
  }
  return {
    mediaType: bundle.mediaType,
    verificationMaterial: material,
    ...(content.kind === "envelope"
      ? { dsseEnvelope: envelopeToJson(content.envelope) }
      : { messageSignature: messageToJson(content.message) }),
  };
}

/**
 * `TransparencyLogEntry` in JSON. Indexes and hashes stand there also where they are the default,
 * as for a log's first leaf: sigstore-python refuses a proof that lacks one.
 */
export function logEntryToJson(entry: LogEntry): JsonObject {
  const proof = entry.inclusionProof;
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: encodeBase64(entry.logId) },
    kindVersion: { kind: entry.kind, version: entry.kindVersion },
    ...(entry.integratedTime === 0n ? {} : { integratedTime: String(entry.integratedTime) }),
    ...(entry.inclusionPromise === undefined
      ? {}
      : { inclusionPromise: { signedEntryTimestamp: encodeBase64(entry.inclusionPromise) } }),
    ...(proof === undefined
      ? {}
      : {
          inclusionProof: {
            logIndex: String(proof.logIndex),
            rootHash: encodeBase64(proof.rootHash),
            treeSize: String(proof.treeSize),
            hashes: proof.hashes.map(encodeBase64),
            ...(proof.checkpoint === undefined
              ? {}
              : { checkpoint: { envelope: proof.checkpoint } }),
          },
        }),
    canonicalizedBody: encodeBase64(entry.canonicalizedBody),
  };
}

function messageToJson(message: {
  readonly signature: Uint8Array;
  readonly messageDigest?: { readonly algorithm: string; readonly digest: Uint8Array };
}): JsonObject {
  const hint = message.messageDigest;
  return {
    ...(hint === undefined
      ? {}
      : { messageDigest: { algorithm: hint.algorithm, digest: encodeBase64(hint.digest) } }),
    signature: encodeBase64(message.signature),
  };
}
