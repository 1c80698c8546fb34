// SPDX-License-Identifier: Apache-2.0
import {
  type Bundle,
  bundleLimits,
  bundleMediaType,
  decodeBundle,
  decodeLegacyBundle,
  type LegacyBundle,
  type LogEntry,
} from "@chancery/formats/bundle";
import { decodeBase64, decodeUtf8 } from "@chancery/formats/bytes";
import { decodeEnvelope } from "@chancery/formats/dsse";
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, type JsonValue, parseJson } from "@chancery/formats/json";
import { decodeCertificatesPem } from "@chancery/formats/x509";
import { CliError, usageError } from "../framework/index.ts";

/** What a bundle is about: the bytes of an artifact, or a statement. */
export type ContentKind = Bundle["content"]["kind"];

/** What was read: a bundle, or one so malformed that only verification can say how. */
export type ReadBundle = Bundle | Uint8Array;

/**
 * Reads a bundle, or cosign's older detached one, which is told by its members.
 *
 * @param certificate goes with a legacy bundle that has none.
 * @returns the bytes where they look like a bundle and are malformed: `verify` reports that.
 * @throws CliError `bundle-unrecognized` where they are neither; for a certificate that would stand
 *   beside a bundle's own; FormatError for a malformed legacy bundle.
 */
export function readBundle(
  bytes: Uint8Array,
  label: string,
  kind: ContentKind,
  certificate?: Uint8Array,
): ReadBundle {
  const { sizeBytesMax, depthMax } = bundleLimits;
  let value: JsonValue;
  try {
    value = parseJson(bytes, "bundle", { sizeBytesMax, depthMax });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return bytes;
  }
  if (isObject(value) && "base64Signature" in value) {
    return bundleFromLegacy(decodeLegacyBundle(bytes), kind, certificate);
  }
  if (!isObject(value) || !("mediaType" in value || "verificationMaterial" in value)) {
    throw unrecognized(label, value);
  }
  if (certificate) {
    const hint = "a bundle brings its own: leave the flag away";
    throw usageError("--certificate goes with --signature or cosign's older bundles", hint);
  }
  try {
    return decodeBundle(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return bytes;
  }
}

/** A detached signature as a bundle. For attestations the signature is the envelope's JSON. */
export function bundleFromSignature(
  signature: Uint8Array,
  kind: ContentKind,
  certificate?: Uint8Array,
): Bundle {
  return bundleFromLegacy({ signature }, kind, certificate);
}

/** Reads a detached signature: base64 of it, or the bytes themselves. */
export function readSignature(content: Uint8Array): Uint8Array {
  try {
    const text = decodeUtf8(content).replace(/\s+/g, "");
    const bytes = decodeBase64(text);
    return bytes.length > 0 ? bytes : content;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return content;
  }
}

/** The signer's certificate: the first of a PEM file, or base64 of one. @throws FormatError */
export function readCertificate(content: Uint8Array): Uint8Array {
  let text = decodeUtf8(content, "certificate");
  if (!text.includes("-----BEGIN")) text = decodeUtf8(decodeBase64(text.trim(), "certificate"));
  const [first] = decodeCertificatesPem(text);
  if (first) return first.der;
  throw new FormatError("missing-field", "certificate", "", "the file holds no certificate");
}

/** Whether verifying the bundle takes a trusted root. */
export function needsTrustedRoot(bundle: ReadBundle): boolean {
  if (bundle instanceof Uint8Array) return false;
  return (
    bundle.keyMaterial.kind !== "publicKey" ||
    bundle.tlogEntries.length > 0 ||
    bundle.timestamps.length > 0
  );
}

/**
 * The older bundle in terms of the newer: version 0.1, whose log entries are vouched for by the
 * log's signed promise alone.
 */
function bundleFromLegacy(
  legacy: LegacyBundle,
  kind: ContentKind,
  given: Uint8Array | undefined,
): Bundle {
  const { signature, rekor } = legacy;
  const certificate = legacy.certificate ?? given;
  return {
    mediaType: rekor ? "application/vnd.dev.sigstore.bundle+json;version=0.1" : bundleMediaType,
    version: rekor ? "0.1" : "0.3",
    keyMaterial:
      certificate === undefined
        ? { kind: "publicKey", hint: "" }
        : { kind: "certificate", certificate },
    tlogEntries: rekor ? [entryFromLegacy(rekor)] : [],
    timestamps: [],
    content:
      kind === "message"
        ? { kind, message: { signature } }
        : { kind, envelope: decodeEnvelope(parseJson(signature, "envelope")) },
  };
}

function entryFromLegacy(rekor: NonNullable<LegacyBundle["rekor"]>): LogEntry {
  const body = parseJson(rekor.canonicalizedBody, "log entry");
  const { kind, apiVersion } = isObject(body) ? body : ({} as JsonObject);
  return {
    logIndex: rekor.logIndex,
    logId: rekor.logId,
    kind: typeof kind === "string" ? kind : "",
    kindVersion: typeof apiVersion === "string" ? apiVersion : "",
    integratedTime: rekor.integratedTime,
    inclusionPromise: rekor.signedEntryTimestamp,
    canonicalizedBody: rekor.canonicalizedBody,
  };
}

function unrecognized(label: string, value: JsonValue): CliError {
  const isEnvelope = isObject(value) && "payloadType" in value;
  const isStatement = isObject(value) && "_type" in value;
  const seen = isEnvelope
    ? "it is a DSSE envelope: pass it with --signature"
    : isStatement
      ? "it is an in-toto Statement without signature"
      : "check that it is the file that was made when signing";
  return new CliError(
    "refused",
    "bundle-unrecognized",
    `${label} is neither a Sigstore bundle nor cosign's older one`,
    { hint: seen },
  );
}
