// SPDX-License-Identifier: Apache-2.0
import { encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { preAuthenticationEncoding } from "@chancery/formats/dsse";
import type { JsonObject } from "@chancery/formats/json";
import { SearchKeys } from "../search-keys.ts";
import { verificationFailure } from "../signature-checks.ts";
import { addStatementKeys, decodeProposedEnvelope, messageScheme } from "./envelope-v1.ts";
import type { EntryKindHandler, PreparedEntry, ProposalContext } from "./handler.ts";
import {
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

const [kind, version] = ["intoto", "0.0.1"];

/** A DSSE envelope with one key, in the oldest kind (Rekor v1): its payload becomes attestation. */
export const intotoV001: EntryKindHandler = {
  kind,
  version,
  api: 1,

  async prepare(spec, context) {
    const pem = bytesField(spec, "publicKey", "public key");
    const content = objectField(spec, "content");
    if (!content) throw fieldMissing("content");
    if (!pem) throw fieldMissing("publicKey");
    const verifier = decodeX509Verifier(pem);
    const envelope = stringField(content, "envelope");
    if (envelope) return prepareProposed(envelope, verifier, context);
    if (context.purpose === "insert") {
      throw invalidEntry("entry not insertable into log: missing envelope");
    }
    return restoreCanonical(content, verifier);
  },
};

async function prepareProposed(
  text: string,
  verifier: X509Verifier,
  { checks, attestationSizeBytesMax }: ProposalContext,
): Promise<PreparedEntry> {
  const envelope = decodeProposedEnvelope(text);
  const message = preAuthenticationEncoding(envelope.payloadType, envelope.payload);
  const scheme = messageScheme(verifier);
  const results = await Promise.all(
    envelope.signatures.map((signature) =>
      checks.message(verifier.key, scheme, message, base64Text(signature, "signature")),
    ),
  );
  if (!results.includes(true)) throw invalidEntry(verificationFailure(verifier.key));
  const hash = encodeHex(sha256(utf8Bytes(text)));
  const payloadHash = encodeHex(sha256(envelope.payload));
  const keys = new SearchKeys().add("text", `sha256:${hash}`);
  addVerifierKeys(keys, verifier, "prefixed");
  keys.add("text", `sha256:${payloadHash}`);
  addStatementKeys(keys, envelope);
  return {
    kind,
    version,
    body: canonicalBody(kind, version, {
      content: {
        hash: { algorithm: "sha256", value: hash },
        payloadHash: { algorithm: "sha256", value: payloadHash },
      },
      publicKey: encodeBase64(verifier.pem),
    }),
    keys,
    ...(envelope.payload.length <= attestationSizeBytesMax
      ? { attestation: envelope.payload }
      : {}),
  };
}

/** The stored form, sent back to find the entry. Entries of before 2022 have no payload hash. */
function restoreCanonical(content: JsonObject, { pem }: X509Verifier): PreparedEntry {
  const hash = hashField(content, "hash");
  const payloadHash = hashField(content, "payloadHash");
  if (!hash) throw invalidEntry("missing hash value for envelope");
  return {
    kind,
    version,
    body: canonicalBody(kind, version, {
      content: {
        hash: sha256Hash(hash, "content.hash"),
        ...(payloadHash ? { payloadHash: sha256Hash(payloadHash, "content.payloadHash") } : {}),
      },
      publicKey: encodeBase64(pem),
    }),
    keys: new SearchKeys(),
  };
}
