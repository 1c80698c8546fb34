// SPDX-License-Identifier: Apache-2.0
import { decodeHex, encodeBase64 } from "@chancery/formats/bytes";
import {
  type Algorithm,
  algorithmFits,
  type HashName,
  hashSizes,
  type PublicKey,
  schemeHash,
  type SignatureScheme,
} from "@chancery/formats/crypto";
import { SearchKeys } from "../search-keys.ts";
import { verificationFailure } from "../signature-checks.ts";
import type { EntryKindHandler } from "./handler.ts";
import {
  bytesField,
  canonicalBody,
  fieldMissing,
  fieldNotOneOf,
  hashField,
  invalidEntry,
  objectField,
} from "./spec-v1.ts";
import { addVerifierKeys, decodeX509Verifier } from "./x509-verifier.ts";

const [kind, version] = ["hashedrekord", "0.0.1"];
const hashNames = Object.keys(hashSizes) as HashName[];

/** A signature over an artifact that is known by its digest (Rekor v1). */
export const hashedrekordV001: EntryKindHandler = {
  kind,
  version,
  api: 1,

  async prepare(spec, { checks, algorithms, purpose }) {
    const signatureObject = objectField(spec, "signature");
    const publicKey = objectField(signatureObject, "publicKey");
    const signature = bytesField(signatureObject, "content", "signature content");
    const pem = bytesField(publicKey, "content", "public key content");
    const hash = hashField(objectField(spec, "data"), "hash");
    if (!signatureObject) throw fieldMissing("signature");
    if (!publicKey) throw fieldMissing("signature.publicKey");
    if (!signature) throw fieldMissing("signature.content");
    if (!pem) throw fieldMissing("signature.publicKey.content");
    if (!hash) throw fieldMissing("data.hash");
    if (hash.algorithm === undefined) throw fieldMissing("data.hash.algorithm");
    if (hash.value === undefined) throw fieldMissing("data.hash.value");
    const name = hashNames.find((known) => known === hash.algorithm);
    if (!name) throw fieldNotOneOf("data.hash.algorithm", hashNames);
    const verifier = decodeX509Verifier(pem);
    const { value } = hash;
    if (value.length !== 2 * hashSizes[name] || !/^[0-9a-fA-F]+$/.test(value)) {
      throw invalidEntry("invalid value for hash");
    }
    const scheme = digestScheme(verifier.key, name);
    if (!(await checks.digest(verifier.key, scheme, decodeHex(value), signature))) {
      throw invalidEntry(`verifying signature: ${verificationFailure(verifier.key)}`);
    }
    if (purpose === "insert" && !isAllowed(algorithms, verifier.key, scheme, name)) {
      throw invalidEntry("entry algorithms are not allowed");
    }
    const keys = new SearchKeys();
    addVerifierKeys(keys, verifier, "plain");
    keys.add("text", `${name}:${value}`);
    return {
      kind,
      version,
      body: canonicalBody(kind, version, {
        // The value in the letters it was sent in: other letters are another entry, as in Rekor.
        data: { hash: { algorithm: name, value } },
        signature: {
          content: encodeBase64(signature),
          publicKey: { content: encodeBase64(verifier.pem) },
        },
      }),
      keys,
    };
  },
};

/** How Rekor verifies over a digest: Ed25519 only in its prehashed form. */
function digestScheme(key: PublicKey, hash: HashName): SignatureScheme {
  if (key.type === "ed25519") return { kind: "ed25519ph" };
  return key.type === "ec" ? { kind: "ecdsa", hash } : { kind: "rsa-pkcs1v15", hash };
}

function isAllowed(
  algorithms: readonly Algorithm[],
  key: PublicKey,
  scheme: SignatureScheme,
  hash: HashName,
): boolean {
  return algorithms.some(
    (algorithm) =>
      algorithm.scheme.kind === scheme.kind &&
      schemeHash(algorithm.scheme) === hash &&
      algorithmFits(algorithm, key),
  );
}
