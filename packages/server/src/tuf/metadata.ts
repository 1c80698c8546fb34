// SPDX-License-Identifier: Apache-2.0
import { decodeHex, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import {
  algorithmByName,
  decodePublicKeyPem,
  encodePublicKeyPem,
  type MessageSigner,
  type PublicKey,
  sha256,
  verifySignature,
} from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import {
  canonicalizeOlpc,
  type JsonObject,
  type JsonValue,
  ObjectDecoder,
  parseJson,
} from "@chancery/formats/json";
import { TufRepositoryError } from "./errors.ts";

/** The top-level roles (TUF specification 1.0, §2.1); ours delegates to no others. */
export const tufRoles = ["root", "targets", "snapshot", "timestamp"] as const;
export type TufRole = (typeof tufRoles)[number];

/** The algorithm of all keys. tuf-js verifies P-256 with SHA-256 right, and no other ECDSA. */
export const tufAlgorithm = "PKIX_ECDSA_P256_SHA_256";
const keyType = "ecdsa";
const keyScheme = "ecdsa-sha2-nistp256";
const signaturesMax = 64;

/** A file of metadata as it was read. */
export interface Metadata {
  /** What the signatures are over, in canonical JSON. */
  readonly signed: JsonObject;
  readonly signatures: readonly MetadataSignature[];
  readonly version: number;
  readonly expires: Date;
}

export interface MetadataSignature {
  readonly keyid: string;
  /** Hex; empty where somebody has yet to sign. */
  readonly sig: string;
}

/** A key as a root lists it. */
export interface TufKey {
  readonly keyid: string;
  readonly key: JsonObject;
}

/** A public key as a root lists it, with its id (TUF §4.2). @throws FormatError not P-256 */
export function describeKey(publicKey: PublicKey): TufKey {
  if (publicKey.type !== "ec" || publicKey.curve !== "P-256") {
    throw new FormatError("unsupported", "TUF key", "", "is not an ECDSA key on P-256");
  }
  const keyval = { public: encodePublicKeyPem(publicKey) };
  const key = { keytype: keyType, keyval, scheme: keyScheme };
  return { keyid: encodeHex(sha256(utf8Bytes(canonicalizeOlpc(key)))), key };
}

/** The public key that a root lists. @throws FormatError for other kinds than ours */
export function readKey(key: JsonObject): PublicKey {
  const decoder = new ObjectDecoder(key, "TUF key");
  decoder.oneOf("scheme", [keyScheme]);
  return decodePublicKeyPem(decoder.object("keyval").string("public"));
}

/** What every role's metadata says first. */
export function metadataHead(role: TufRole, version: number, expires: Date): JsonObject {
  return {
    _type: role,
    spec_version: "1.0",
    version,
    // Without fractions: python-tuf reads no others.
    expires: expires.toISOString().replace(/\.\d+Z$/, "Z"),
  };
}

/** The signatures of the keys over metadata, in the order given. */
export async function signMetadata(
  signed: JsonObject,
  signers: readonly MessageSigner[],
): Promise<MetadataSignature[]> {
  const bytes = utf8Bytes(canonicalizeOlpc(signed));
  return Promise.all(
    signers.map(async (signer) => ({
      keyid: describeKey(signer.publicKey).keyid,
      sig: encodeHex(await signer.sign(bytes)),
    })),
  );
}

/** The file of metadata. */
export function encodeMetadata(
  signed: JsonObject,
  signatures: readonly MetadataSignature[],
): string {
  const list = signatures.map(({ keyid, sig }) => ({ keyid, sig }));
  return `${JSON.stringify({ signatures: list, signed }, undefined, 1)}\n`;
}

/**
 * Reads a file of metadata. Does not check its signatures, nor more of it than its head.
 * @param place the file, for messages. @throws TufRepositoryError `damaged`
 */
export function decodeMetadata(text: string, role: TufRole, place: string): Metadata {
  return reading(place, () => {
    const file = new ObjectDecoder(parseJson(text, place), place);
    const head = file.object("signed");
    head.oneOf("_type", [role]);
    const version = head.integer("version");
    if (version < 1) throw head.error("out-of-range", "version", "is below 1");
    const signatures = file.objects("signatures", signaturesMax).map((item) => ({
      keyid: item.string("keyid"),
      sig: item.string("sig"),
    }));
    if (new Set(signatures.map(({ keyid }) => keyid)).size !== signatures.length) {
      throw file.error("malformed", "signatures", "names a key twice");
    }
    const signed = file.raw("signed") as JsonObject;
    return { signed, signatures, version, expires: head.time("expires") };
  });
}

/** Runs a reader of files; what is wrong with one is told with its place. */
export function reading<Result>(place: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const message = `${place}: ${cause.message}`;
    throw new TufRepositoryError("damaged", message, { cause });
  }
}

/**
 * How many different keys of a list have signed.
 * @param keys by key id; those that are of another kind than ours count as not having signed.
 */
export function countSigners(
  { signed, signatures }: Pick<Metadata, "signed" | "signatures">,
  keyids: readonly string[],
  keys: Readonly<Record<string, JsonValue>>,
): number {
  const bytes = utf8Bytes(canonicalizeOlpc(signed));
  const { scheme } = algorithmByName(tufAlgorithm);
  const signers = new Set<string>();
  for (const { keyid, sig } of signatures) {
    if (!keyids.includes(keyid) || !Object.hasOwn(keys, keyid)) continue;
    try {
      const publicKey = readKey(keys[keyid] as JsonObject);
      if (verifySignature(publicKey, scheme, bytes, decodeHex(sig))) {
        // One key under two ids is one signer.
        signers.add(encodeHex(publicKey.spki));
      }
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
    }
  }
  return signers.size;
}
