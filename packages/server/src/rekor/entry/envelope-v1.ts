// SPDX-License-Identifier: Apache-2.0
import { utf8Bytes } from "@chancery/formats/bytes";
import type { SignatureScheme } from "@chancery/formats/crypto";
import { inTotoPayloadType, preAuthenticationEncoding } from "@chancery/formats/dsse";
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, type JsonValue, parseJson } from "@chancery/formats/json";
import type { SearchKeys } from "../search-keys.ts";
import type { SignatureChecks } from "../signature-checks.ts";
import { arrayField, base64Text, invalidEntry, objectField, stringField } from "./spec-v1.ts";
import type { X509Verifier } from "./x509-verifier.ts";

/** Signatures and verifiers taken of one envelope: each pair may cost a check. */
export const envelopeSignaturesMax = 16;

/** A DSSE envelope as a client sent it, signatures by their base64 text. */
export interface ProposedEnvelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  /** As they were written: standard base64, which is what is stored. */
  readonly signatures: readonly string[];
}

/**
 * Reads the JSON text of an envelope. Unknown members are passed over and key ids dropped, as Rekor
 * does; signatures in the url-safe alphabet are refused, since Rekor cannot read them back.
 */
export function decodeProposedEnvelope(text: string): ProposedEnvelope {
  const envelope = parsedObject(text);
  const payloadText = stringField(envelope, "payload");
  const signatures = arrayField(envelope, "signatures").map((item) =>
    isObject(item) ? stringField(item, "sig") : undefined,
  );
  if (signatures.length === 0) {
    throw invalidEntry("DSSE envelope must contain 1 or more signatures");
  }
  checkCount("signatures", signatures.length);
  if (payloadText === undefined) throw invalidEntry("DSSE envelope has no payload");
  return {
    payloadType: stringField(envelope, "payloadType") ?? "",
    payload: base64Text(payloadText, "payload"),
    signatures: signatures.map((sig) => {
      if (!sig) throw invalidEntry("DSSE envelope holds an empty signature");
      return sig;
    }),
  };
}

/** @throws ServiceError `invalid` above {@link envelopeSignaturesMax} */
export function checkCount(what: string, count: number): void {
  if (count <= envelopeSignaturesMax) return;
  throw invalidEntry(`${count} ${what}; at most ${envelopeSignaturesMax} are taken`);
}

/**
 * Verifies an envelope as Rekor v1 does: every verifier that is looked at must have made one of the
 * signatures, every signature must be made by one of them; SHA-256 whatever the curve, PKCS#1 v1.5,
 * pure Ed25519; key ids do not matter. Verifiers after the last open signature are ignored.
 *
 * @returns who made each signature, by its text.
 */
export async function verifyEnvelope(
  envelope: ProposedEnvelope,
  verifiers: readonly X509Verifier[],
  checks: SignatureChecks,
): Promise<Map<string, X509Verifier>> {
  const message = preAuthenticationEncoding(envelope.payloadType, envelope.payload);
  const signatures = [...new Set(envelope.signatures)];
  const decoded = signatures.map((text) => base64Text(text, "signature"));
  const made = new Map<string, X509Verifier>();
  for (const verifier of verifiers) {
    if (made.size === signatures.length) break;
    const scheme = messageScheme(verifier);
    const results = await Promise.all(
      decoded.map((signature) => checks.message(verifier.key, scheme, message, signature)),
    );
    if (!results.includes(true)) {
      throw invalidEntry(
        "could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1",
      );
    }
    for (const [i, verified] of results.entries()) {
      if (verified) made.set(signatures[i] as string, verifier);
    }
  }
  if (made.size === signatures.length) return made;
  throw invalidEntry("all signatures must have a key that verifies it");
}

/** How Rekor v1 verifies over a message. */
export function messageScheme({ key }: X509Verifier): SignatureScheme {
  if (key.type === "ed25519") return { kind: "ed25519" };
  return { kind: key.type === "ec" ? "ecdsa" : "rsa-pkcs1v15", hash: "sha256" };
}

/**
 * Adds what is known of an in-toto Statement: `<algorithm>:<digest>` of its subjects and of SLSA
 * materials, as written, and the subjects' names. Payloads of other types and shapes have none.
 */
export function addStatementKeys(
  keys: SearchKeys,
  { payloadType, payload }: Pick<ProposedEnvelope, "payloadType" | "payload">,
): void {
  if (payloadType !== inTotoPayloadType) return;
  let statement: JsonValue;
  try {
    statement = parseJson(payload, "statement");
  } catch (cause) {
    if (cause instanceof FormatError) return; // Rekor logs what it cannot read, without keys
    throw cause;
  }
  if (!isObject(statement)) return;
  const subjects = arrayField(statement, "subject");
  for (const subject of subjects) addDigests(keys, subject);
  for (const subject of subjects) {
    const name = isObject(subject) ? stringField(subject, "name") : undefined;
    if (name) keys.add("name", name);
  }
  for (const material of arrayField(objectField(statement, "predicate"), "materials")) {
    addDigests(keys, material);
  }
}

function addDigests(keys: SearchKeys, holder: JsonValue): void {
  const digest = isObject(holder) ? objectField(holder, "digest") : undefined;
  for (const [algorithm, value] of Object.entries(digest ?? {})) {
    if (typeof value === "string") keys.add("text", `${algorithm}:${value}`);
  }
}

function parsedObject(text: string): JsonObject {
  let value: JsonValue;
  try {
    value = parseJson(utf8Bytes(text), "DSSE envelope", envelopeLimits);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw invalidEntry(cause.message, cause);
  }
  if (isObject(value)) return value;
  throw invalidEntry("the DSSE envelope is not an object");
}

const envelopeLimits = { sizeBytesMax: 64 << 20, depthMax: 16, valuesMax: 1 << 12 } as const;
