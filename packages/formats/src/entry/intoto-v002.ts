// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, encodeBase64, utf8Bytes } from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";
import { decodeHexDigest, encodeHexDigest } from "./digest.ts";
import {
  decodeVerifierPem,
  type EntryKind,
  encodeVerifierPem,
  requiredEnvelope,
  signaturesMax,
} from "./entry.ts";

/**
 * A DSSE envelope in the older kind (Rekor v1). Its signatures are in base64 twice, as clients sent
 * the text of the envelope's `sig` for bytes; from clients that did not, once.
 */
export const intotoV002: EntryKind = {
  kind: "intoto",
  version: "0.0.2",
  api: 1,

  decode(spec) {
    const content = spec.object("content");
    spec.end();
    const { digest: sha256 } = decodeHexDigest(content.object("hash"), ["sha256"]);
    const payload = decodeHexDigest(content.object("payloadHash"), ["sha256"]);
    const envelope = content.object("envelope");
    content.end();
    const payloadType = envelope.string("payloadType");
    // Logs store no payload, but some have kept what was submitted; the digest above binds it.
    envelope.optionalString("payload");
    const [first, ...others] = envelope.objects("signatures", signaturesMax).map((item) => {
      const signature = decodeTwice(item.bytes("sig"));
      const verifier = decodeVerifierPem(item.bytes("publicKey"), item.place("publicKey"));
      item.optionalString("keyid");
      item.end();
      return { signature, verifier };
    });
    if (!first) throw envelope.error("missing-field", "signatures", "holds no signature");
    envelope.end();
    return {
      signatures: [first, ...others],
      content: { covers: "payload", ...payload },
      envelope: { sha256, payloadType },
    };
  },

  encode(claims) {
    const { sha256, payloadType } = requiredEnvelope(claims);
    return {
      content: {
        envelope: {
          payloadType: payloadType ?? "",
          signatures: claims.signatures.map(({ signature, verifier }) => ({
            publicKey: encodeVerifierPem(verifier),
            sig: encodeBase64(utf8Bytes(encodeBase64(signature))),
          })),
        },
        hash: encodeHexDigest({ hash: "sha256", digest: sha256 }),
        payloadHash: encodeHexDigest(claims.content),
      },
    };
  },
};

const latin1 = new TextDecoder("latin1");

/** What base64 text stands for; bytes that are none, as DER always is, stand for themselves. */
function decodeTwice(bytes: Uint8Array): Uint8Array {
  try {
    return decodeBase64(latin1.decode(bytes));
  } catch (cause) {
    if (cause instanceof FormatError) return bytes;
    throw cause;
  }
}
