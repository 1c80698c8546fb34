// SPDX-License-Identifier: Apache-2.0
import { encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { SearchKeys } from "../search-keys.ts";
import { verificationFailure } from "../signature-checks.ts";
import { messageScheme } from "./envelope-v1.ts";
import type { EntryKindHandler } from "./handler.ts";
import {
  bytesField,
  canonicalBody,
  fieldMissing,
  fieldNotOneOf,
  hashField,
  invalidEntry,
  objectField,
  sha256Hash,
  stringField,
} from "./spec-v1.ts";
import { addVerifierKeys, decodeX509Verifier } from "./x509-verifier.ts";

const [kind, version] = ["rekord", "0.0.1"];
const formats: readonly string[] = ["pgp", "minisign", "x509", "ssh"];

/**
 * A signature over an artifact that is sent along (Rekor v1). Of the four signature formats x509 is
 * taken: a raw signature and a PEM key or certificate.
 */
export const rekordV001: EntryKindHandler = {
  kind,
  version,
  api: 1,

  async prepare(spec, { checks }) {
    const signatureObject = objectField(spec, "signature");
    const publicKey = objectField(signatureObject, "publicKey");
    const data = objectField(spec, "data");
    const content = bytesField(data, "content", "data content");
    const hash = hashField(data, "hash");
    const signature = bytesField(signatureObject, "content", "signature content");
    const pem = bytesField(publicKey, "content", "signature publicKey content");
    if (!data) throw fieldMissing("data");
    if (!signatureObject) throw fieldMissing("signature");
    const format = stringField(signatureObject, "format");
    if (format === undefined) throw fieldMissing("signature.format");
    if (!formats.includes(format)) throw fieldNotOneOf("signature.format", formats);
    if (!signature) throw invalidEntry("'content' must be specified for signature");
    if (!publicKey) throw fieldMissing("signature.publicKey");
    if (!pem) throw invalidEntry("'content' must be specified for publicKey");
    if (!content && !hash) throw invalidEntry("'content' must be specified for data");
    const stated = hash && sha256Hash(hash, "data.hash");
    if (!content) throw invalidEntry("entry not insertable into log: missing data content");
    if (format !== "x509") {
      throw invalidEntry(`signatures of the format ${format} are not taken by this server`);
    }
    const computed = encodeHex(sha256(content));
    if (stated && stated.value !== computed) {
      throw invalidEntry(`SHA mismatch: ${computed} != ${stated.value}`);
    }
    const verifier = decodeX509Verifier(pem);
    if (!(await checks.message(verifier.key, messageScheme(verifier), content, signature))) {
      throw invalidEntry(verificationFailure(verifier.key));
    }
    const keys = new SearchKeys();
    addVerifierKeys(keys, verifier, "plain");
    keys.add("text", `sha256:${computed}`);
    return {
      kind,
      version,
      body: canonicalBody(kind, version, {
        data: { hash: { algorithm: "sha256", value: computed } },
        signature: {
          content: encodeBase64(signature),
          format,
          publicKey: { content: encodeBase64(verifier.pem) },
        },
      }),
      keys,
    };
  },
};
