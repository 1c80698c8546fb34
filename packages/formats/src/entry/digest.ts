// SPDX-License-Identifier: Apache-2.0
import { decodeHex, encodeBase64, encodeHex } from "../bytes/index.ts";
import { type HashName, hashSizes } from "../crypto/index.ts";
import type { JsonObject, ObjectDecoder } from "../json/index.ts";

type Digest = { readonly hash: HashName; readonly digest: Uint8Array };

/** Reads Rekor v1's `{algorithm, value}` with lower-case names and hex. */
export function decodeHexDigest(object: ObjectDecoder, allowed: readonly HashName[]): Digest {
  const hash = object.oneOf("algorithm", allowed);
  const text = object.string("value");
  const digest = decodeHex(text, object.place("value"));
  object.end();
  return sized(object, "value", hash, digest);
}

export function encodeHexDigest({ hash, digest }: Digest): JsonObject {
  return { algorithm: hash, value: encodeHex(digest) };
}

const protobufNames = { SHA2_256: "sha256", SHA2_384: "sha384", SHA2_512: "sha512" } as const;
type ProtobufName = keyof typeof protobufNames;

/** Reads Rekor v2's `HashOutput` with enumeration names and base64. */
export function decodeHashOutput(object: ObjectDecoder): Digest {
  const names = Object.keys(protobufNames) as ProtobufName[];
  const hash = protobufNames[object.oneOf("algorithm", names)];
  const digest = object.bytes("digest");
  object.end();
  return sized(object, "digest", hash, digest);
}

export function encodeHashOutput({ hash, digest }: Digest): JsonObject {
  return { algorithm: hashOutputName(hash), digest: encodeBase64(digest) };
}

/** Name of a hash in protobuf-specs' `HashAlgorithm`. */
export function hashOutputName(hash: HashName): ProtobufName {
  return `SHA2_${hash.slice(3)}` as ProtobufName;
}

/** The hash of a `HashAlgorithm` name, or undefined for the SHA-3 family, which is not computed. */
export function hashOfOutputName(name: string): HashName | undefined {
  return Object.hasOwn(protobufNames, name) ? protobufNames[name as ProtobufName] : undefined;
}

function sized(object: ObjectDecoder, name: string, hash: HashName, digest: Uint8Array): Digest {
  if (digest.length === hashSizes[hash]) return { hash, digest };
  throw object.error("out-of-range", name, `${digest.length} bytes are not a ${hash} digest`);
}
