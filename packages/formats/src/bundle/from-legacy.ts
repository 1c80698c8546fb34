// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, encodeBase64 } from "../bytes/index.ts";
import { type HashName, hash, sha256 } from "../crypto/index.ts";
import { decodeEnvelope, type Envelope } from "../dsse/index.ts";
import {
  decodeEntryBody,
  type EntryClaims,
  hashOutputName,
  type LoggedVerifier,
  verifiersEqual,
} from "../entry/index.ts";
import { FormatError } from "../errors/index.ts";
import { ObjectDecoder, parseJson } from "../json/index.ts";
import { decodeTimestampResponse } from "../tsp/index.ts";
import {
  type Bundle,
  type BundleContent,
  bundleMediaType,
  bundleMediaTypeV01,
  type KeyMaterial,
  type LogEntry,
  type MessageSignature,
} from "./bundle.ts";
import { bundleLimits } from "./decode.ts";
import type { LegacyBundle, LegacyRekorEntry } from "./legacy.ts";

/** What a legacy bundle leaves out and is known otherwise. */
export interface LegacySupplement {
  /** Whose signature it is, where the bundle has no certificate. */
  readonly signer?: LoggedVerifier;
  /** DER of TimeStampResp messages over the signature. */
  readonly timestamps?: readonly Uint8Array[];
  /** Digests of what a plain signature covers. Without them the log entry's is taken. */
  readonly artifact?: Readonly<Partial<Record<HashName, Uint8Array>>>;
}

const format = "legacy bundle";

/**
 * Turns cosign's older bundle into one of Sigstore's, of the version that says what there is: 0.1
 * for a log's promise without proof, 0.3 without a log entry.
 *
 * The signer is the certificate of the bundle, else the one given, else the log entry's. Parts that
 * speak of something else are refused, as no verifier could ever be content with them: an entry of
 * another signature, signer or artifact, a timestamp over something else. Verifies nothing else:
 * neither the signature nor the promise. Entries of an unknown kind are taken as they are.
 *
 * @param legacy a signature that is the JSON of a DSSE envelope makes a bundle of that envelope.
 * @throws FormatError `missing-field` where the signer or the digest of what was signed is nowhere;
 *   `conflicting-fields` for parts that do not belong together; those of envelopes and timestamps.
 */
export function bundleFromLegacy(legacy: LegacyBundle, more: LegacySupplement = {}): Bundle {
  const { signature, certificate, rekor } = legacy;
  const envelope = readEnvelope(signature);
  const signed = envelope ? onlySignature(envelope) : signature;
  const timestamps = more.timestamps ?? [];
  for (const [i, der] of timestamps.entries()) checkTimestamp(der, signed, `timestamps[${i}]`);
  const claims = rekor && readClaims(rekor);
  const stated: LoggedVerifier | undefined =
    certificate === undefined ? more.signer : { kind: "certificate", certificate };
  if (certificate && more.signer && !verifiersEqual(more.signer, stated as LoggedVerifier)) {
    throw error("conflicting-fields", "cert", "the signer given is another");
  }
  const logged = claims?.signatures.find((item) => bytesEqual(item.signature, signed));
  if (claims && !logged) {
    throw error("conflicting-fields", entryBody, "the log entry is about another signature");
  }
  if (stated && logged && !verifiersEqual(stated, logged.verifier)) {
    throw error("conflicting-fields", entryBody, "the log entry names another signer");
  }
  const signer = stated ?? logged?.verifier;
  if (!signer) {
    throw error("missing-field", "cert", "nothing says whose signature it is");
  }
  const content: BundleContent = envelope
    ? { kind: "envelope", envelope: { ...envelope, signatures: [{ sig: signed }] } }
    : { kind: "message", message: messageOf(signature, claims, more.artifact) };
  if (envelope && claims) checkPayload(envelope, claims);
  return {
    mediaType: rekor ? bundleMediaTypeV01 : bundleMediaType,
    version: rekor ? "0.1" : "0.3",
    keyMaterial: keyMaterialOf(signer, rekor ? "0.1" : "0.3"),
    tlogEntries: rekor ? [entryOf(rekor)] : [],
    timestamps,
    content,
  };
}

const entryBody = "rekorBundle.Payload.body";

/** Signatures of some kinds can begin like JSON by chance: what is no envelope is a signature. */
function readEnvelope(signature: Uint8Array): Envelope | undefined {
  const { sizeBytesMax, depthMax } = bundleLimits;
  let object: ObjectDecoder;
  try {
    object = new ObjectDecoder(
      parseJson(signature, "envelope", { sizeBytesMax, depthMax }),
      "envelope",
    );
  } catch (cause) {
    if (cause instanceof FormatError) return undefined;
    throw cause;
  }
  return decodeEnvelope(object);
}

function onlySignature({ signatures }: Envelope): Uint8Array {
  const [first, ...others] = signatures;
  if (first && others.length === 0) return first.sig;
  const problem = `${signatures.length} signatures where a bundle holds exactly one`;
  throw new FormatError("out-of-range", "envelope", "signatures", problem);
}

function readClaims(rekor: LegacyRekorEntry): EntryClaims | undefined {
  try {
    return decodeEntryBody(rekor.canonicalizedBody).claims;
  } catch (cause) {
    if (cause instanceof FormatError && cause.code === "unknown-kind") return undefined;
    throw cause;
  }
}

function messageOf(
  signature: Uint8Array,
  claims: EntryClaims | undefined,
  artifact: LegacySupplement["artifact"],
): MessageSignature {
  const logged = claims?.content;
  if (logged && logged.covers !== "message") {
    throw error("conflicting-fields", entryBody, "the log entry is about an attestation");
  }
  const name = logged?.hash ?? "sha256";
  const given = artifact?.[name];
  if (logged && given && !bytesEqual(given, logged.digest)) {
    throw error("conflicting-fields", entryBody, "the log entry is about another artifact");
  }
  const digest = given ?? logged?.digest;
  if (!digest) throw error("missing-field", "", "nothing says what was signed: no artifact");
  return { signature, messageDigest: { algorithm: hashOutputName(name), digest } };
}

function checkPayload(envelope: Envelope, { content }: EntryClaims): void {
  const isSame =
    content.covers === "payload" &&
    bytesEqual(hash(content.hash, envelope.payload), content.digest);
  if (!isSame) throw error("conflicting-fields", entryBody, "the log entry is of another payload");
}

function checkTimestamp(der: Uint8Array, signature: Uint8Array, place: string): void {
  const { token, status } = decodeTimestampResponse(der);
  if (!token) throw error("conflicting-fields", place, `the authority answered ${status}`);
  const { hash: name, digest } = token.imprint;
  if (!name || !bytesEqual(hash(name, signature), digest)) {
    throw error("conflicting-fields", place, "the timestamp is not over this signature");
  }
}

function keyMaterialOf(signer: LoggedVerifier, version: "0.1" | "0.3"): KeyMaterial {
  if (signer.kind === "publicKey") {
    return { kind: "publicKey", hint: encodeBase64(sha256(signer.key.spki)) };
  }
  const { certificate } = signer;
  return version === "0.1"
    ? { kind: "chain", certificates: [certificate] }
    : { kind: "certificate", certificate };
}

function entryOf(rekor: LegacyRekorEntry): LogEntry {
  const { canonicalizedBody, integratedTime, logIndex, logId } = rekor;
  const body = new ObjectDecoder(parseJson(canonicalizedBody, "log entry"), "log entry");
  return {
    logIndex,
    logId,
    kind: body.string("kind"),
    kindVersion: body.string("apiVersion"),
    integratedTime,
    inclusionPromise: rekor.signedEntryTimestamp,
    canonicalizedBody,
  };
}

function error(
  code: "missing-field" | "conflicting-fields",
  place: string,
  problem: string,
): FormatError {
  return new FormatError(code, format, place, problem);
}
