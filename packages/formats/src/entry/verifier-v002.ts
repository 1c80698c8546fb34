// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "../bytes/index.ts";
import { type Algorithm, algorithmByName, decodeSpki } from "../crypto/index.ts";
import type { JsonObject, ObjectDecoder } from "../json/index.ts";
import type { LoggedVerifier } from "./entry.ts";

/** Reads `dev.sigstore.rekor.v2.Verifier`: a key or a certificate, and the algorithm. */
export function decodeVerifierV002(object: ObjectDecoder): {
  readonly verifier: LoggedVerifier;
  readonly algorithm: Algorithm;
} {
  const algorithm = algorithmByName(object.string("keyDetails"));
  const certificate = object.optionalObject("x509Certificate");
  const publicKey = object.optionalObject("publicKey");
  if (certificate && publicKey) {
    throw object.error("conflicting-fields", "publicKey", "stands beside x509Certificate");
  }
  object.end();
  if (certificate) {
    const verifier = { kind: "certificate", certificate: certificate.bytes("rawBytes") } as const;
    certificate.end();
    return { verifier, algorithm };
  }
  if (!publicKey) throw object.error("missing-field", "publicKey", "no key and no certificate");
  const verifier = { kind: "publicKey", key: decodeSpki(publicKey.bytes("rawBytes")) } as const;
  publicKey.end();
  return { verifier, algorithm };
}

export function encodeVerifierV002(verifier: LoggedVerifier, algorithm: Algorithm): JsonObject {
  const rawBytes = encodeBase64(
    verifier.kind === "certificate" ? verifier.certificate : verifier.key.spki,
  );
  return {
    keyDetails: algorithm.name,
    ...(verifier.kind === "certificate"
      ? { x509Certificate: { rawBytes } }
      : { publicKey: { rawBytes } }),
  };
}

/** The algorithm an entry must name. @throws RangeError: a programming error */
export function requiredAlgorithm(algorithm: Algorithm | undefined): Algorithm {
  if (algorithm === undefined) throw new RangeError("a Rekor v2 entry names its algorithm");
  return algorithm;
}
