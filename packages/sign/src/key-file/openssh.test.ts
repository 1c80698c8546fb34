// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, uintBytes, utf8Bytes } from "@chancery/formats/bytes";
import { decodePem, encodePem } from "@chancery/formats/pem";
import { keyText, nobody, password, refuses } from "../../test/keys.ts";
import { SignError, type SignErrorCode } from "../errors.ts";
import { readPrivateKey } from "./index.ts";

const plain = decodePem(keyText("ssh-ed25519.openssh.key"))[0]!.bytes;
const locked = decodePem(keyText("ssh-p384.openssh-aes256-ctr.key"))[0]!.bytes;
const magic = utf8Bytes("openssh-key-v1\0");

/** The fields of the envelope, each with its length. */
interface Fields {
  cipher: Uint8Array;
  kdf: Uint8Array;
  options: Uint8Array;
  count: number;
  publicBlob: Uint8Array;
  section: Uint8Array;
  rest: Uint8Array;
}

function take(bytes: Uint8Array): Fields {
  let offset = magic.length;
  const uint = (): number =>
    new DataView(bytes.buffer, bytes.byteOffset).getUint32((offset += 4) - 4);
  const field = (): Uint8Array => {
    const length = uint();
    offset += length;
    return bytes.slice(offset - length, offset);
  };
  return {
    cipher: field(),
    kdf: field(),
    options: field(),
    count: uint(),
    publicBlob: field(),
    section: field(),
    rest: bytes.slice(offset),
  };
}

const vector = (bytes: Uint8Array): Uint8Array => concatBytes(uintBytes(bytes.length, 4), bytes);

function put(from: Uint8Array, change: (fields: Fields) => void): string {
  const fields = take(from);
  change(fields);
  const { cipher, kdf, options, count, publicBlob, section, rest } = fields;
  const head = [cipher, kdf, options].map(vector);
  const tail = [uintBytes(count, 4), vector(publicBlob), vector(section), rest];
  return encodePem("OPENSSH PRIVATE KEY", concatBytes(magic, ...head, ...tail));
}

const options = (rounds: number, saltBytes = 16): Uint8Array =>
  concatBytes(vector(new Uint8Array(saltBytes).fill(1)), uintBytes(rounds, 4));

test("costs and forms that ssh-keygen does not write are refused before anybody is asked", async () => {
  const cases: [string, Uint8Array, (fields: Fields) => void, SignErrorCode][] = [
    ["257 rounds", locked, (f) => (f.options = options(257)), "kdf-too-costly"],
    ["4 billion rounds", locked, (f) => (f.options = options(0xffff_ffff)), "kdf-too-costly"],
    ["no rounds", locked, (f) => (f.options = options(0)), "malformed-key"],
    ["no salt", locked, (f) => (f.options = options(2, 0)), "malformed-key"],
    ["a salt of 65 bytes", locked, (f) => (f.options = options(2, 65)), "malformed-key"],
    ["more options", locked, (f) => (f.options = concatBytes(options(2), magic)), "malformed-key"],
    ["another KDF", locked, (f) => (f.kdf = utf8Bytes("argon2")), "unsupported-key"],
    ["no KDF", locked, (f) => (f.kdf = utf8Bytes("none")), "unsupported-key"],
    ["another cipher", locked, (f) => (f.cipher = utf8Bytes("3des-cbc")), "unsupported-key"],
    ["an inherited name", locked, (f) => (f.cipher = utf8Bytes("toString")), "unsupported-key"],
    [
      "a tag too few",
      locked,
      (f) => (f.cipher = utf8Bytes("aes256-gcm@openssh.com")),
      "malformed-key",
    ],
    ["half a block", locked, (f) => (f.section = f.section.slice(0, -8)), "malformed-key"],
    ["no secret", locked, (f) => (f.section = new Uint8Array(0)), "malformed-key"],
    ["two keys", plain, (f) => (f.count = 2), "unsupported-key"],
    ["no key", plain, (f) => (f.count = 0), "unsupported-key"],
    ["options without a cipher", plain, (f) => (f.options = options(2)), "malformed-key"],
    ["a KDF without a cipher", plain, (f) => (f.kdf = utf8Bytes("bcrypt")), "malformed-key"],
    ["bytes at the end", plain, (f) => (f.rest = magic), "malformed-key"],
    ["half a block, plain", plain, (f) => (f.section = f.section.slice(0, -4)), "malformed-key"],
    ["another key's public half", plain, (f) => f.publicBlob.fill(1, -8), "malformed-key"],
    ["differing check numbers", plain, (f) => (f.section[0]! ^= 1), "malformed-key"],
    ["padding of zeros", plain, (f) => f.section.fill(0, -1), "malformed-key"],
    [
      "a whole block of padding",
      plain,
      (f) => (f.section = concatBytes(f.section, new Uint8Array(8))),
      "malformed-key",
    ],
  ];
  const started = performance.now();
  for (const [name, from, change, code] of cases) {
    await assert.rejects(readPrivateKey(put(from, change), nobody), refuses(code), name);
  }
  assert.ok(performance.now() - started < 1000);
  assert.ok(
    await readPrivateKey(
      put(plain, () => undefined),
      nobody,
    ),
  );
});

test("a changed bit of an encrypted key is not told from a wrong password, or found", async () => {
  for (const name of ["ssh-p384.openssh-aes256-ctr.key", "ssh-p256.openssh-aes256-gcm.key"]) {
    const from = decodePem(keyText(name))[0]!.bytes;
    const first = put(from, (f) => (f.section[0]! ^= 1));
    await assert.rejects(readPrivateKey(first, password), refuses("wrong-password"), name);
    const last = put(from, (f) => (f.section[f.section.length - 1]! ^= 1));
    await assert.rejects(readPrivateKey(last, password), SignError, name);
  }
});

test("a key in a security key is refused by name", async () => {
  const type = utf8Bytes("sk-ssh-ed25519@openssh.com");
  const text = put(plain, (f) => (f.publicBlob = concatBytes(vector(type), vector(magic))));
  await assert.rejects(readPrivateKey(text, nobody), refuses("unsupported-key", /security key/));
});
