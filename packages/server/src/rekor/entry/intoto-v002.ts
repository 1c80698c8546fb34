// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject } from "@chancery/formats/json";
import { SearchKeys } from "../search-keys.ts";
import { addStatementKeys, checkCount, verifyEnvelope } from "./envelope-v1.ts";
import type { EntryKindHandler, PreparedEntry } from "./handler.ts";
import {
  arrayField,
  base64Text,
  bytesField,
  canonicalBody,
  fieldMissing,
  hashField,
  invalidEntry,
  objectField,
  sha256Hash,
  stringField,
} from "./spec-v1.ts";
import { addVerifierKeys, decodeX509Verifier, type X509Verifier } from "./x509-verifier.ts";

const [kind, version] = ["intoto", "0.0.2"];

/** One signature of the proposal, its parts as bytes. */
interface ProposedSignature {
  readonly keyid: string | undefined;
  /** Base64 text once more: clients send the text of the envelope's `sig` for bytes. */
  readonly sig: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * A DSSE envelope in the older kind (Rekor v1): payload and signatures are in base64 twice. The
 * envelope's own hash is the client's word, since only the client has that text; keys, signatures
 * and their order are stored as sent. The payload is kept as attestation.
 */
export const intotoV002: EntryKindHandler = {
  kind,
  version,
  api: 1,

  async prepare(spec, { checks, purpose, attestationSizeBytesMax }) {
    const content = objectField(spec, "content");
    const envelope = objectField(content, "envelope");
    if (!content) throw fieldMissing("content");
    if (!envelope) throw fieldMissing("content.envelope");
    const payloadType = stringField(envelope, "payloadType");
    if (payloadType === undefined) throw fieldMissing("content.envelope.payloadType");
    const signatures = readSignatures(envelope);
    const hash = hashField(content, "hash");
    if (!hash) throw invalidEntry("missing envelope digest");
    const envelopeHash = sha256Hash(hash, "content.hash");
    const outer = bytesField(envelope, "payload", "payload");
    if (!outer) {
      if (purpose === "insert") {
        throw invalidEntry("entry not insertable into log: missing DSSE envelope payload");
      }
      return restoreCanonical(content, payloadType, envelopeHash, signatures);
    }
    const payload = base64Text(textOf(outer, "payload"), "payload");
    const verifiers = signatures.map(({ publicKey }) => decodeX509Verifier(publicKey));
    const texts = signatures.map(({ sig }) => textOf(sig, "signature"));
    await verifyEnvelope({ payloadType, payload, signatures: texts }, verifiers, checks);
    const payloadHash = { algorithm: "sha256", value: encodeHex(sha256(payload)) };
    return {
      kind,
      version,
      body: storedBody(payloadType, envelopeHash, payloadHash, signatures),
      keys: keysOf(verifiers, payloadHash.value, { payloadType, payload }),
      ...(payload.length <= attestationSizeBytesMax ? { attestation: payload } : {}),
    };
  },
};

function readSignatures(envelope: JsonObject): ProposedSignature[] {
  const items = arrayField(envelope, "signatures").filter(isObject);
  if (items.length === 0) throw fieldMissing("content.envelope.signatures");
  checkCount("signatures", items.length);
  return items.map((item, i) => {
    const path = `content.envelope.signatures.${i}`;
    const sig = bytesField(item, "sig", "signature");
    const publicKey = bytesField(item, "publicKey", "public key");
    if (!publicKey) throw fieldMissing(`${path}.publicKey`);
    if (!sig) throw fieldMissing(`${path}.sig`);
    return { keyid: stringField(item, "keyid"), sig, publicKey };
  });
}

function restoreCanonical(
  content: JsonObject,
  payloadType: string,
  envelopeHash: JsonObject,
  signatures: readonly ProposedSignature[],
): PreparedEntry {
  const hash = hashField(content, "payloadHash");
  if (!hash) throw invalidEntry("missing payload digest");
  const payloadHash = sha256Hash(hash, "content.payloadHash");
  const body = storedBody(payloadType, envelopeHash, payloadHash, signatures);
  return { kind, version, body, keys: new SearchKeys() };
}

function storedBody(
  payloadType: string,
  hash: JsonObject,
  payloadHash: JsonObject,
  signatures: readonly ProposedSignature[],
): Uint8Array {
  return canonicalBody(kind, version, {
    content: {
      envelope: {
        payloadType,
        signatures: signatures.map(({ keyid, sig, publicKey }) => ({
          ...(keyid ? { keyid } : {}),
          publicKey: encodeBase64(publicKey),
          sig: encodeBase64(sig),
        })),
      },
      hash,
      payloadHash,
    },
  });
}

function keysOf(
  verifiers: readonly X509Verifier[],
  payloadHash: string,
  statement: { readonly payloadType: string; readonly payload: Uint8Array },
): SearchKeys {
  const keys = new SearchKeys();
  for (const verifier of verifiers) addVerifierKeys(keys, verifier, "prefixed");
  keys.add("text", `sha256:${payloadHash}`);
  addStatementKeys(keys, statement);
  return keys;
}

function textOf(bytes: Uint8Array, what: string): string {
  try {
    return decodeUtf8(bytes, what);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw invalidEntry(`could not verify envelope: the ${what} is not base64 text`, cause);
  }
}
