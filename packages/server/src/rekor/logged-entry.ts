// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, decodeUtf8, encodeHex } from "@chancery/formats/bytes";
import { decodeSpki, sha256 } from "@chancery/formats/crypto";
import { hashOfOutputName } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { type JsonObject, type JsonValue, parseJson } from "@chancery/formats/json";
import { decodePem } from "@chancery/formats/pem";
import { decodeCertificate } from "@chancery/formats/x509";
import {
  addVerifierKeys,
  certificateVerifier,
  keyVerifier,
  type X509Verifier,
} from "./entry/x509-verifier.ts";
import { SearchKeys } from "./search-keys.ts";

/** Limits on a logged entry that is read by its form alone; a leaf has at most 65,535 bytes. */
const limits = { sizeBytesMax: 1 << 16, depthMax: 16, valuesMax: 1 << 10 } as const;

/** Kinds whose verifiers Rekor knows with `sha256:` before the digest of their PEM. */
const prefixedKinds: readonly unknown[] = ["dsse", "intoto"];

/**
 * What a logged entry can be found by, for who has only its leaf, such as a mirror: keys,
 * certificates with their identities, and digests, wherever in the entry they stand, of every kind.
 *
 * Attestations are not in leaves: names and digests of their subjects, by which the log itself
 * finds them, are not among these.
 *
 * @param body the leaf, whatever it holds. @returns search keys, 16 bytes each, one after the other
 */
export function loggedEntryKeys(body: Uint8Array): Uint8Array {
  const keys = new SearchKeys();
  const entry = parsed(body);
  const isPrefixed = prefixedKinds.includes(field(entry, "kind"));
  for (const found of statedBy(entry)) {
    if (typeof found === "string") keys.add("text", found);
    else addVerifierKeys(keys, found, isPrefixed ? "prefixed" : "plain");
  }
  return keys.bytes();
}

/**
 * Why an attestation that is kept beside an entry is not the one that the entry was logged with;
 * undefined where it is. @param body the leaf, which states its digest.
 */
export function attestationProblem(body: Uint8Array, attestation: Uint8Array): string | undefined {
  const digest = `sha256:${encodeHex(sha256(attestation))}`;
  if (statedBy(parsed(body)).includes(digest)) return undefined;
  return `has the digest ${digest}, which its entry does not state`;
}

/** All verifiers in an entry, and all digests as `<algorithm>:<hex>`. */
function statedBy(value: JsonValue | undefined): (X509Verifier | string)[] {
  if (typeof value === "string")
    return [verifierOfText(value)].filter((found) => found !== undefined);
  if (typeof value !== "object" || value === null) return [];
  const own = isObject(value) ? [verifierOfRawBytes(value), digestOf(value)] : [];
  return [
    ...own.filter((found) => found !== undefined),
    ...(Object.values(value) as JsonValue[]).flatMap(statedBy),
  ];
}

function parsed(body: Uint8Array): JsonValue | undefined {
  return readable(() => parseJson(body, "log entry", limits));
}

/** Rekor v1's base64 of PEM: a key, a certificate, or a chain with its leaf first. */
function verifierOfText(text: string): X509Verifier | undefined {
  if (!text.startsWith("LS0tLS1")) return undefined; // base64 of five dashes
  return readable(() => {
    const pem = decodeBase64(text);
    const [block] = decodePem(decodeUtf8(pem));
    if (block?.label === "PUBLIC KEY") return { ...keyVerifier(decodeSpki(block.bytes)), pem };
    if (block?.label !== "CERTIFICATE") return undefined;
    return { ...certificateVerifier(decodeCertificate(block.bytes)), pem };
  });
}

/** Rekor v2's DER of a key or certificate. */
function verifierOfRawBytes(object: JsonObject): X509Verifier | undefined {
  const [key, certificate] = ["publicKey", "x509Certificate"].map((name) =>
    field(field(object, name), "rawBytes"),
  );
  return readable(() => {
    if (typeof key === "string") return keyVerifier(decodeSpki(decodeBase64(key)));
    if (typeof certificate !== "string") return undefined;
    return certificateVerifier(decodeCertificate(decodeBase64(certificate)));
  });
}

/** `{algorithm, value}` of Rekor v1, in hex, or `{algorithm, digest}` of v2, in base64. */
function digestOf(object: JsonValue | undefined): string | undefined {
  const [algorithm, value, digest] = ["algorithm", "value", "digest"].map((name) =>
    field(object, name),
  );
  if (typeof algorithm !== "string") return undefined;
  if (typeof value === "string") return `${algorithm}:${value}`;
  const hash = hashOfOutputName(algorithm);
  if (hash === undefined || typeof digest !== "string") return undefined;
  return readable(() => `${hash}:${encodeHex(decodeBase64(digest))}`);
}

function field(object: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is not of its form is nobody's: the leaf was verified, not what somebody put into it. */
function readable<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof FormatError) return undefined;
    throw cause;
  }
}
