// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "../bytes/index.ts";
import { decodeHexDigest, encodeHexDigest } from "./digest.ts";
import { decodeVerifierPem, type EntryKind, encodeVerifierPem } from "./entry.ts";

/** A signature over an artifact that is known by its digest (Rekor v1). */
export const hashedrekordV001: EntryKind = {
  kind: "hashedrekord",
  version: "0.0.1",
  api: 1,

  decode(spec) {
    const signature = spec.object("signature");
    const content = signature.bytes("content");
    const publicKey = signature.object("publicKey");
    const verifier = decodeVerifierPem(publicKey.bytes("content"), publicKey.place("content"));
    publicKey.end();
    signature.end();
    const data = spec.object("data");
    const digest = decodeHexDigest(data.object("hash"), ["sha256", "sha384", "sha512"]);
    data.end();
    spec.end();
    return {
      signatures: [{ signature: content, verifier }],
      content: { covers: "message", ...digest },
    };
  },

  encode({ signatures: [{ signature, verifier }], content }) {
    return {
      data: { hash: encodeHexDigest(content) },
      signature: {
        content: encodeBase64(signature),
        publicKey: { content: encodeVerifierPem(verifier) },
      },
    };
  },
};
