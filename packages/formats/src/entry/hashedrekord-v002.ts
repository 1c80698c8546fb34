// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "../bytes/index.ts";
import { decodeHashOutput, encodeHashOutput } from "./digest.ts";
import type { EntryKind } from "./entry.ts";
import { decodeVerifierV002, encodeVerifierV002, requiredAlgorithm } from "./verifier-v002.ts";

/**
 * A signature over a message that is known by its digest (Rekor v2): an artifact, or the PAE of a
 * DSSE envelope.
 */
export const hashedrekordV002: EntryKind = {
  kind: "hashedrekord",
  version: "0.0.2",
  api: 2,

  decode(spec) {
    const body = spec.object("hashedRekordV002");
    spec.end();
    const digest = decodeHashOutput(body.object("data"));
    const signature = body.object("signature");
    const content = signature.bytes("content");
    const { verifier, algorithm } = decodeVerifierV002(signature.object("verifier"));
    signature.end();
    body.end();
    return {
      signatures: [{ signature: content, verifier }],
      content: { covers: "message", ...digest, algorithm },
    };
  },

  encode({ signatures: [{ signature, verifier }], content }) {
    const algorithm = requiredAlgorithm(content.algorithm);
    return {
      hashedRekordV002: {
        data: encodeHashOutput(content),
        signature: {
          content: encodeBase64(signature),
          verifier: encodeVerifierV002(verifier, algorithm),
        },
      },
    };
  },
};
