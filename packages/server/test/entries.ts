// SPDX-License-Identifier: Apache-2.0
// Entries as clients propose them, really signed.
import { encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import {
  algorithms,
  defaultAlgorithm,
  encodePublicKeyPem,
  hash,
  type HashName,
  type SignatureScheme,
} from "@chancery/formats/crypto";
import { generatePrivateKey, type PrivateKey } from "@chancery/formats/crypto/node";
import { preAuthenticationEncoding } from "@chancery/formats/dsse";

/** A key for an algorithm of the registry. */
export function newKey(name = "PKIX_ECDSA_P256_SHA_256"): PrivateKey {
  return generatePrivateKey(algorithms.find((algorithm) => algorithm.name === name)!);
}

export function pemOf(key: PrivateKey): string {
  return encodeBase64(utf8Bytes(encodePublicKeyPem(key.publicKey)));
}

/** How v1 signs over a digest. */
export function digestScheme(key: PrivateKey, hashName: HashName): SignatureScheme {
  switch (key.publicKey.type) {
    case "ec":
      return { kind: "ecdsa", hash: hashName };
    case "rsa":
      return { kind: "rsa-pkcs1v15", hash: hashName };
    case "ed25519":
      return { kind: "ed25519ph" };
  }
}

export interface HashedRekordOptions {
  readonly key?: PrivateKey;
  readonly artifact?: Uint8Array;
  readonly hashName?: HashName;
  /** The PEM that is sent, base64. */
  readonly pem?: string;
}

/** A fresh artifact on each call. */
export function newArtifact(): Uint8Array {
  return utf8Bytes(`artifact ${artifacts++}\n`);
}
let artifacts = 0;

/** A proposed hashedrekord 0.0.1. */
export function hashedRekordV1(options: HashedRekordOptions = {}): any {
  const { key = newKey(), artifact = newArtifact(), hashName = "sha256" } = options;
  const signature = key.sign(digestScheme(key, hashName), artifact);
  return {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: hashName, value: encodeHex(hash(hashName, artifact)) } },
      signature: {
        content: encodeBase64(signature),
        publicKey: { content: options.pem ?? pemOf(key) },
      },
    },
  };
}

/** A request for hashedrekord 0.0.2. */
export function hashedRekordV2(
  options: {
    readonly key?: PrivateKey;
    readonly artifact?: Uint8Array;
    certificate?: Uint8Array;
  } = {},
): any {
  const { key = newKey(), artifact = newArtifact(), certificate } = options;
  const { name, scheme } =
    key.publicKey.type === "ed25519"
      ? { name: "PKIX_ED25519_PH", scheme: { kind: "ed25519ph" } as const }
      : defaultAlgorithm(key.publicKey);
  const hashName = scheme.kind === "ed25519ph" ? "sha512" : (scheme as { hash: HashName }).hash;
  return {
    hashedRekordRequestV002: {
      digest: encodeBase64(hash(hashName, artifact)),
      signature: {
        content: encodeBase64(key.sign(scheme, artifact)),
        verifier: {
          ...(certificate
            ? { x509Certificate: { rawBytes: encodeBase64(certificate) } }
            : { publicKey: { rawBytes: encodeBase64(key.publicKey.spki) } }),
          keyDetails: name,
        },
      },
    },
  };
}

export const inTotoType = "application/vnd.in-toto+json";

/** A Statement with one subject, as JSON text. */
export function statement(name = "artifact", sha256Hex: string = "ab".repeat(32)): string {
  return JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name, digest: { sha256: sha256Hex, gitCommit: "Cafe01" } }],
    predicateType: "https://slsa.dev/provenance/v0.2",
    predicate: { materials: [{ uri: "git", digest: { sha1: "0123" } }] },
  });
}

/** The JSON text of an envelope signed by the keys, with SHA-256. */
export function envelope(
  keys: readonly PrivateKey[],
  payload: string = statement(),
  payloadType: string = inTotoType,
): string {
  const pae = preAuthenticationEncoding(payloadType, utf8Bytes(payload));
  return JSON.stringify({
    payloadType,
    payload: encodeBase64(utf8Bytes(payload)),
    signatures: keys.map((key) => ({ keyid: "x", sig: encodeBase64(signMessage(key, pae)) })),
  });
}

export function signMessage(key: PrivateKey, message: Uint8Array): Uint8Array {
  const { type } = key.publicKey;
  if (type === "ed25519") return key.sign({ kind: "ed25519" }, message);
  return key.sign({ kind: type === "ec" ? "ecdsa" : "rsa-pkcs1v15", hash: "sha256" }, message);
}

/** A proposed dsse 0.0.1. */
export function dsseV1(
  keys: readonly PrivateKey[] = [newKey()],
  text: string = envelope(keys),
): any {
  return {
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: { proposedContent: { envelope: text, verifiers: keys.map(pemOf) } },
  };
}

/** A request for dsse 0.0.2. */
export function dsseV2(
  keys: readonly PrivateKey[] = [newKey()],
  payload: string = statement(),
): any {
  const pae = preAuthenticationEncoding(inTotoType, utf8Bytes(payload));
  return {
    dsseRequestV002: {
      envelope: {
        payload: encodeBase64(utf8Bytes(payload)),
        payloadType: inTotoType,
        signatures: keys.map((key) => ({ sig: encodeBase64(signMessage(key, pae)), keyid: "" })),
      },
      verifiers: keys.map(({ publicKey }) => ({
        publicKey: { rawBytes: encodeBase64(publicKey.spki) },
        keyDetails:
          publicKey.type === "ed25519" ? "PKIX_ED25519_PH" : defaultAlgorithm(publicKey).name,
      })),
    },
  };
}

/** A proposed intoto 0.0.1. */
export function intotoV1(key: PrivateKey = newKey(), text: string = envelope([key])): any {
  return {
    apiVersion: "0.0.1",
    kind: "intoto",
    spec: { content: { envelope: text }, publicKey: pemOf(key) },
  };
}

/** A proposed intoto 0.0.2, everything in base64 twice. */
export function intotoV2(
  keys: readonly PrivateKey[] = [newKey()],
  payload: string = statement(),
): any {
  const signed = JSON.parse(envelope(keys, payload)) as {
    payload: string;
    signatures: { sig: string }[];
  };
  return {
    apiVersion: "0.0.2",
    kind: "intoto",
    spec: {
      content: {
        envelope: {
          payloadType: inTotoType,
          payload: encodeBase64(utf8Bytes(signed.payload)),
          signatures: keys.map((key, i) => ({
            sig: encodeBase64(utf8Bytes(signed.signatures[i]!.sig)),
            publicKey: pemOf(key),
          })),
        },
        hash: { algorithm: "sha256", value: "12".repeat(32) },
      },
    },
  };
}

/** A proposed rekord 0.0.1. */
export function rekordV1(key: PrivateKey = newKey(), artifact: Uint8Array = newArtifact()): any {
  return {
    apiVersion: "0.0.1",
    kind: "rekord",
    spec: {
      data: { content: encodeBase64(artifact) },
      signature: {
        format: "x509",
        content: encodeBase64(signMessage(key, artifact)),
        publicKey: { content: pemOf(key) },
      },
    },
  };
}
