// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "../bytes/index.ts";
import type { Algorithm } from "../crypto/index.ts";
import { decodeHashOutput, encodeHashOutput } from "./digest.ts";
import { type EntryKind, signaturesMax } from "./entry.ts";
import { decodeVerifierV002, encodeVerifierV002, requiredAlgorithm } from "./verifier-v002.ts";

/**
 * A DSSE envelope as early Rekor v2 logs stored it. Withdrawn upstream, read here because bundles
 * with it exist and the published JavaScript client still makes them.
 */
export const dsseV002: EntryKind = {
  kind: "dsse",
  version: "0.0.2",
  api: 2,

  decode(spec) {
    const body = spec.object("dsseV002");
    spec.end();
    const payload = decodeHashOutput(body.object("payloadHash"));
    let algorithm: Algorithm | undefined;
    const [first, ...others] = body.objects("signatures", signaturesMax).map((item) => {
      const signature = item.bytes("content");
      const decoded = decodeVerifierV002(item.object("verifier"));
      algorithm ??= decoded.algorithm;
      item.end();
      return { signature, verifier: decoded.verifier };
    });
    if (!first) throw body.error("missing-field", "signatures", "holds no signature");
    body.end();
    return {
      signatures: [first, ...others],
      content: { covers: "payload", ...payload, ...(algorithm ? { algorithm } : {}) },
    };
  },

  encode({ signatures, content }) {
    const algorithm = requiredAlgorithm(content.algorithm);
    return {
      dsseV002: {
        payloadHash: encodeHashOutput(content),
        signatures: signatures.map(({ signature, verifier }) => ({
          content: encodeBase64(signature),
          verifier: encodeVerifierV002(verifier, algorithm),
        })),
      },
    };
  },
};
