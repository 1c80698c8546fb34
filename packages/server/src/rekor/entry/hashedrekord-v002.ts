// SPDX-License-Identifier: Apache-2.0
import { encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { type HashName, hashSizes, schemeHash } from "@chancery/formats/crypto";
import { hashOutputName } from "@chancery/formats/entry";
import { SearchKeys } from "../search-keys.ts";
import { verificationFailure } from "../signature-checks.ts";
import type { EntryKindHandler } from "./handler.ts";
import { ProtoMessage } from "./proto-json.ts";
import { canonicalBody } from "./spec-v1.ts";
import { decodeVerifierV2, refused, verifierFields } from "./verifier-v2.ts";
import { addVerifierKeys } from "./x509-verifier.ts";

const [kind, version] = ["hashedrekord", "0.0.2"];

/**
 * A signature over a message that is known by its digest (Rekor v2): an artifact, or the PAE of a
 * DSSE envelope. The digest's hash is that of the key details.
 */
export const hashedrekordV002: EntryKindHandler = {
  kind,
  version,
  api: 2,

  async prepare(request, { checks, algorithms }) {
    const message = new ProtoMessage(request, ["digest", "signature"]);
    const signature = message.message("signature", ["content", "verifier"]);
    const content = signature?.bytes("content");
    const digest = message.bytes("digest");
    const verifierMessage = signature?.message("verifier", verifierFields);
    if (!content || content.length === 0) throw refused("missing signature");
    if (!verifierMessage) throw refused("missing verifier");
    if (digest.length === 0) throw refused("missing digest");
    const verifier = decodeVerifierV2(verifierMessage, algorithms);
    const { name, scheme } = verifier.algorithm;
    const hash = schemeHash(scheme);
    if (hash === undefined) {
      throw refused(`unsupported signing algorithm ${name} for hashedrekord: no digest algorithm`);
    }
    checkDigest(digest, hash);
    if (!(await checks.digest(verifier.key, scheme, digest, content))) {
      throw refused(`verifying signature: ${verificationFailure(verifier.key)}`);
    }
    const keys = new SearchKeys();
    addVerifierKeys(keys, verifier, "plain");
    keys.add("text", `${hash}:${encodeHex(digest)}`);
    return {
      kind,
      version,
      body: canonicalBody(kind, version, {
        hashedRekordV002: {
          data: { algorithm: hashOutputName(hash), digest: encodeBase64(digest) },
          signature: { content: encodeBase64(content), verifier: verifier.stored },
        },
      }),
      keys,
    };
  },
};

function checkDigest(digest: Uint8Array, hash: HashName): void {
  if (digest.length === hashSizes[hash]) return;
  throw refused(
    `digest length (${digest.length}) does not match expected size (${hashSizes[hash]}) ` +
      `for algorithm ${hash}`,
  );
}
