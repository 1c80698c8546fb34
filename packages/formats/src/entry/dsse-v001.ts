// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "../bytes/index.ts";
import { decodeHexDigest, encodeHexDigest } from "./digest.ts";
import {
  decodeVerifierPem,
  type EntryKind,
  encodeVerifierPem,
  requiredEnvelope,
  signaturesMax,
} from "./entry.ts";

/** A DSSE envelope (Rekor v1), known by the digest of its payload. */
export const dsseV001: EntryKind = {
  kind: "dsse",
  version: "0.0.1",
  api: 1,

  decode(spec) {
    const { digest: sha256 } = decodeHexDigest(spec.object("envelopeHash"), ["sha256"]);
    const payload = decodeHexDigest(spec.object("payloadHash"), ["sha256"]);
    const [first, ...others] = spec.objects("signatures", signaturesMax).map((item) => {
      const signature = item.bytes("signature");
      const verifier = decodeVerifierPem(item.bytes("verifier"), item.place("verifier"));
      item.end();
      return { signature, verifier };
    });
    if (!first) throw spec.error("missing-field", "signatures", "holds no signature");
    spec.end();
    return {
      signatures: [first, ...others],
      content: { covers: "payload", ...payload },
      envelope: { sha256 },
    };
  },

  encode(claims) {
    const { sha256 } = requiredEnvelope(claims);
    return {
      envelopeHash: encodeHexDigest({ hash: "sha256", digest: sha256 }),
      payloadHash: encodeHexDigest(claims.content),
      signatures: claims.signatures
        .map(({ signature, verifier }) => ({
          signature: encodeBase64(signature),
          verifier: encodeVerifierPem(verifier),
        }))
        .toSorted((a, b) => (a.signature < b.signature ? -1 : 1)),
    };
  },
};
