// SPDX-License-Identifier: Apache-2.0
import {
  bundleLimits,
  type BundleVersion,
  bundleVersionOf,
  decodeBundle,
  decodeLegacyBundle,
  type LegacyRekorEntry,
} from "../bundle/index.ts";
import { decodeEnvelope, type Envelope } from "../dsse/index.ts";
import { FormatError } from "../errors/index.ts";
import { isObject, type JsonValue, ObjectDecoder, parseJson } from "../json/index.ts";
import type { TrustedRoot } from "../trust/index.ts";
import { type CertificateInspection, inspectCertificate } from "./certificate.ts";
import { type ContentInspection, inspectContent, inspectEnvelope } from "./content.ts";
import { inspectBody, inspectLogEntry, type LogEntryInspection, timeOf } from "./log-entry.ts";
import { Names } from "./names.ts";
import { type Problem, Problems } from "./problems.ts";
import { inspectTimestamp, type TimestampInspection } from "./timestamp.ts";

/** What a bundle says about itself. Nothing of it has been verified. */
export interface BundleInspection {
  /** `legacy`: cosign's older detached bundle. */
  readonly format: "bundle" | "legacy";
  readonly mediaType?: string;
  readonly version?: BundleVersion;
  readonly signer?: SignerInspection;
  readonly logEntries: readonly LogEntryInspection[];
  readonly timestamps: readonly TimestampInspection[];
  readonly content?: ContentInspection;
  /** Why it cannot be verified as it is; empty where it is well formed. */
  readonly problems: readonly Problem[];
}

export type SignerInspection =
  | { readonly kind: "publicKey"; readonly hint: string }
  | { readonly kind: "certificate"; readonly certificates: readonly CertificateInspection[] };

/**
 * Reads a bundle part by part, and shows the parts that can be read of one that is malformed.
 *
 * Nothing is verified: not a signature, not a digest, not who anybody is.
 *
 * @param trustedRoot names logs and authorities.
 * @throws FormatError for what is no JSON object at all.
 */
export function inspectBundle(
  json: Uint8Array | string,
  trustedRoot?: TrustedRoot,
): BundleInspection {
  const { sizeBytesMax, depthMax } = bundleLimits;
  const value = parseJson(json, "bundle", { sizeBytesMax, depthMax });
  const names = new Names(trustedRoot);
  if (isObject(value) && "base64Signature" in value) return inspectLegacy(json, names);
  const bundle = new ObjectDecoder(value, "bundle");
  const problems = new Problems("bundle");
  const mediaType = problems.attempt("mediaType", () => bundle.string("mediaType"));
  const version = mediaType === undefined ? undefined : bundleVersionOf(mediaType);
  const material = problems.attempt("verificationMaterial", () =>
    bundle.object("verificationMaterial"),
  );
  const signer = material && inspectSigner(material, problems, names);
  const entries = material ? items(material, "tlogEntries", problems) : [];
  const logEntries = entries.map((entry) => inspectLogEntry(entry, problems, names));
  const timestamps = material ? inspectTimestamps(material, problems, names) : [];
  const content = inspectContent(bundle, problems);
  if (version) demandProofs(version, logEntries, problems);
  // What no part has been asked for: unknown fields, several members of one oneof, limits.
  problems.attempt("", () => decodeBundle(json));
  return {
    format: "bundle",
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(version ? { version } : {}),
    ...(signer ? { signer } : {}),
    logEntries,
    timestamps,
    ...(content ? { content } : {}),
    problems: problems.found,
  };
}

function inspectSigner(
  material: ObjectDecoder,
  problems: Problems,
  names: Names,
): SignerInspection | undefined {
  if (material.has("publicKey")) {
    const hint = problems.attempt("", () => material.object("publicKey").optionalString("hint"));
    return { kind: "publicKey", hint: hint ?? "" };
  }
  const chain = problems.attempt("", () => material.optionalObject("x509CertificateChain"));
  const single = problems.attempt("", () => material.optionalObject("certificate"));
  const objects = single ? [single] : chain ? items(chain, "certificates", problems) : [];
  const certificates = objects.flatMap((object, i) => {
    const der = problems.attempt("", () => object.bytes("rawBytes"));
    const place = object.place("rawBytes");
    return (der && inspectCertificate(der, place, i === 0, problems, names)) ?? [];
  });
  return single || chain ? { kind: "certificate", certificates } : undefined;
}

function inspectTimestamps(
  material: ObjectDecoder,
  problems: Problems,
  names: Names,
): TimestampInspection[] {
  const data = problems.attempt("", () => material.optionalObject("timestampVerificationData"));
  const objects = data ? items(data, "rfc3161Timestamps", problems) : [];
  return objects.flatMap((object) => {
    const der = problems.attempt("", () => object.bytes("signedTimestamp"));
    const place = object.place("signedTimestamp");
    return (der && inspectTimestamp(der, place, problems, names)) ?? [];
  });
}

/** Limit on members of any list of a bundle. */
const itemsMax = 64;

/** The objects of a list, each on its own; an absent list is empty. */
function items(parent: ObjectDecoder, name: string, problems: Problems): ObjectDecoder[] {
  const value = parent.raw(name) as JsonValue | undefined;
  if (value === undefined) return [];
  const place = parent.place(name);
  if (!Array.isArray(value)) {
    problems.add({ place, code: "wrong-type", message: "is not an array" });
    return [];
  }
  return value.slice(0, itemsMax).flatMap((item: JsonValue, i) => {
    const read = (): ObjectDecoder => new ObjectDecoder(item, "bundle", `${place}[${i}]`);
    return problems.attempt("", read) ?? [];
  });
}

/** What each version demands of its log entries; `decodeBundle` leaves that to verification. */
function demandProofs(
  version: BundleVersion,
  entries: readonly LogEntryInspection[],
  problems: Problems,
): void {
  for (const [i, { hasPromise, proof }] of entries.entries()) {
    const place = `verificationMaterial.tlogEntries[${i}]`;
    const missing = (name: string): void => {
      const message = `version ${version} demands it, and it is missing`;
      problems.add({ place: `${place}.${name}`, code: "missing-field", message });
    };
    if (version === "0.1") {
      if (!hasPromise) missing("inclusionPromise");
    } else if (!proof) missing("inclusionProof");
    else if (!proof.checkpoint) missing("inclusionProof.checkpoint.envelope");
  }
}

function inspectLegacy(json: Uint8Array | string, names: Names): BundleInspection {
  const problems = new Problems("legacy bundle");
  const empty = { format: "legacy", logEntries: [], timestamps: [] } as const;
  // Of other formats there are the certificate's, and hex, whose message has its own place.
  const legacy = problems.attempt("cert", () => decodeLegacyBundle(json));
  if (!legacy) return { ...empty, problems: problems.found };
  const { signature, certificate, rekor } = legacy;
  const shown = certificate && inspectCertificate(certificate, "cert", true, problems, names);
  const envelope = legacyEnvelope(signature);
  const content: ContentInspection = envelope
    ? inspectEnvelope(envelope, "base64Signature", problems)
    : { kind: "message", signatureSizeBytes: signature.length };
  return {
    ...empty,
    ...(shown ? { signer: { kind: "certificate", certificates: [shown] } } : {}),
    logEntries: rekor ? [inspectLegacyEntry(rekor, problems, names)] : [],
    content,
    problems: problems.found,
  };
}

function inspectLegacyEntry(
  rekor: LegacyRekorEntry,
  problems: Problems,
  names: Names,
): LogEntryInspection {
  const place = "rekorBundle.Payload.body";
  const { logIndex, logId, canonicalizedBody } = rekor;
  const log = names.log(logId);
  const integratedTime = timeOf(rekor.integratedTime);
  const kinds = problems.attempt(place, () => {
    const body = new ObjectDecoder(parseJson(canonicalizedBody, "log entry"), "log entry");
    return { kind: body.string("kind"), kindVersion: body.string("apiVersion") };
  });
  const body = problems.attempt(place, () => inspectBody(canonicalizedBody));
  return {
    logIndex,
    logId,
    ...(log === undefined ? {} : { log }),
    ...kinds,
    ...(integratedTime ? { integratedTime } : {}),
    hasPromise: true,
    ...(body ? { body } : {}),
  };
}

/** What is no envelope is a plain signature. */
function legacyEnvelope(signature: Uint8Array): Envelope | undefined {
  try {
    return decodeEnvelope(parseJson(signature, "envelope"));
  } catch (cause) {
    if (cause instanceof FormatError) return undefined;
    throw cause;
  }
}
