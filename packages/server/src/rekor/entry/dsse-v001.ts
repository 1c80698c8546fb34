// SPDX-License-Identifier: Apache-2.0
import { encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { isObject, type JsonObject } from "@chancery/formats/json";
import { SearchKeys } from "../search-keys.ts";
import {
  addStatementKeys,
  checkCount,
  decodeProposedEnvelope,
  verifyEnvelope,
} from "./envelope-v1.ts";
import type { EntryKindHandler, PreparedEntry, ProposalContext } from "./handler.ts";
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

const [kind, version] = ["dsse", "0.0.1"];

/** A DSSE envelope (Rekor v1), of which digests and signatures are stored, never the payload. */
export const dsseV001: EntryKindHandler = {
  kind,
  version,
  api: 1,

  async prepare(spec, context) {
    const proposed = objectField(spec, "proposedContent");
    const stored = ["envelopeHash", "payloadHash", "signatures"].filter(
      (name) => (spec[name] ?? undefined) !== undefined,
    );
    if (proposed) {
      if (stored.length === 0) return prepareProposed(proposed, context);
      throw invalidEntry(
        "either proposedContent or envelopeHash, payloadHash, and signatures must be present but not both",
      );
    }
    if (stored.length < 3) {
      throw invalidEntry(
        "either proposedContent or envelopeHash, payloadHash, and signatures must be present",
      );
    }
    if (context.purpose === "insert") {
      throw invalidEntry("entry not insertable into log: missing proposed content");
    }
    return restoreCanonical(spec);
  },
};

async function prepareProposed(
  proposed: JsonObject,
  { checks }: ProposalContext,
): Promise<PreparedEntry> {
  const text = stringField(proposed, "envelope");
  if (text === undefined) throw fieldMissing("proposedContent.envelope");
  const verifierTexts = arrayField(proposed, "verifiers");
  if (verifierTexts.length === 0) throw fieldMissing("proposedContent.verifiers");
  checkCount("verifiers", verifierTexts.length);
  const envelope = decodeProposedEnvelope(text);
  const verifiers = verifierTexts.map((item) => {
    if (typeof item === "string" && item !== "") return readVerifier(item);
    throw invalidEntry("an invalid null verifier was provided in ProposedContent");
  });
  const made = await verifyEnvelope(envelope, verifiers, checks);
  const hashes = [sha256(utf8Bytes(text)), sha256(envelope.payload)].map(encodeHex);
  const [envelopeHash = "", payloadHash = ""] = hashes;
  const signatures = [...made.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const keys = keysOf(
    signatures.map(([, verifier]) => verifier),
    hashes,
  );
  addStatementKeys(keys, envelope);
  return {
    kind,
    version,
    body: canonicalBody(kind, version, {
      envelopeHash: { algorithm: "sha256", value: envelopeHash },
      payloadHash: { algorithm: "sha256", value: payloadHash },
      signatures: signatures.map(([signature, { pem }]) => ({
        signature,
        verifier: encodeBase64(pem),
      })),
    }),
    keys,
  };
}

/** The stored form, sent back to find the entry. Nothing in it can be verified. */
function restoreCanonical(spec: JsonObject): PreparedEntry {
  const [envelopeHash, payloadHash] = ["envelopeHash", "payloadHash"].map((name) => {
    const hash = hashField(spec, name);
    if (!hash) throw fieldMissing(name);
    return sha256Hash(hash, name);
  }) as [ReturnType<typeof sha256Hash>, ReturnType<typeof sha256Hash>];
  const items = arrayField(spec, "signatures").filter(isObject);
  checkCount("signatures", items.length);
  const signatures = items.map((item, i) => {
    const signature = stringField(item, "signature");
    if (!signature) throw fieldMissing(`signatures.${i}.signature`);
    base64Text(signature, "signature");
    const pem = bytesField(item, "verifier", "signature verifier");
    if (!pem) throw fieldMissing(`signatures.${i}.verifier`);
    return { signature, verifier: encodeBase64(pem) };
  });
  const sorted = signatures.toSorted((a, b) => (a.signature < b.signature ? -1 : 1));
  return {
    kind,
    version,
    body: canonicalBody(kind, version, { envelopeHash, payloadHash, signatures: sorted }),
    keys: new SearchKeys(),
  };
}

function readVerifier(text: string): X509Verifier {
  try {
    return decodeX509Verifier(base64Text(text, "verifier"));
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw invalidEntry(
      `could not parse public key as x509: ${problem.replace(/^error processing entry: /, "")}`,
      cause,
    );
  }
}

function keysOf(verifiers: readonly X509Verifier[], hashes: readonly string[]): SearchKeys {
  const keys = new SearchKeys();
  for (const verifier of verifiers) addVerifierKeys(keys, verifier, "prefixed");
  for (const hash of hashes.toReversed()) keys.add("text", `sha256:${hash}`);
  return keys;
}
