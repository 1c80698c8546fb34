// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8, utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByFlag } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { decodePem, encodePem } from "@chancery/formats/pem";
import { keyText, nobody, password, refuses } from "../../test/keys.ts";
import { SignError } from "../errors.ts";
import { readPrivateKey, readPublicKey, writeCosignKey } from "./index.ts";

const sample = decodeUtf8(decodePem(keyText("cosign-p256.cosign.key"))[0]!.bytes);
const wrap = (json: string): string => encodePem("ENCRYPTED SIGSTORE PRIVATE KEY", utf8Bytes(json));

test("a key written for cosign has the bytes cosign would write, and opens again", async () => {
  const key = generatePrivateKey(algorithmByFlag("ecdsa-sha2-256-nistp256"));
  const secret = utf8Bytes("pässword");
  const text = await writeCosignKey(key, secret);
  const [block, ...others] = decodePem(text);
  assert.equal(others.length, 0);
  assert.equal(block!.label, "ENCRYPTED SIGSTORE PRIVATE KEY");
  const shape = (json: string): string =>
    json.replace(/[A-Za-z0-9+/=]{32,}/g, (b) => `<${b.length}>`);
  assert.equal(shape(decodeUtf8(block!.bytes)), shape(sample));
  // Same columns, line ends and closing newline.
  const armour = (pem: string): string => pem.replace(/[A-Za-z0-9+/]/g, "x");
  assert.equal(armour(text), armour(keyText("cosign-p256.cosign.key")));
  const read = await readPrivateKey(text, async () => secret);
  assert.deepEqual(read.toPkcs8(), key.toPkcs8());
});

test("an empty password is one", async () => {
  const key = generatePrivateKey(algorithmByFlag("ed25519"));
  const text = await writeCosignKey(key, new Uint8Array(0));
  const read = await readPrivateKey(text, async () => new Uint8Array(0));
  assert.deepEqual(read.toPkcs8(), key.toPkcs8());
});

test("the label and the cost of older versions are read", async () => {
  const label = "ENCRYPTED COSIGN PRIVATE KEY";
  const key = await readPrivateKey(encodePem(label, utf8Bytes(sample)), password);
  assert.deepEqual(key.publicKey, readPublicKey(keyText("cosign-p256.pub")));
  // Another cost makes another key from the right password: the cost was accepted and paid.
  const cheaper = encodePem(label, utf8Bytes(sample.replace("65536", "32768")));
  await assert.rejects(readPrivateKey(cheaper, password), refuses("wrong-password"));
});

test("costs that cosign would not pay are refused before anybody is asked", async () => {
  const costs: [string, "kdf-too-costly" | "unsupported-key" | "malformed-key"][] = [
    [`{"N":1073741824,"r":8,"p":1}`, "kdf-too-costly"],
    [`{"N":262144,"r":8,"p":1}`, "kdf-too-costly"],
    [`{"N":65536,"r":1000000,"p":1}`, "kdf-too-costly"],
    [`{"N":65536,"r":8,"p":1000000}`, "kdf-too-costly"],
    [`{"N":16384,"r":8,"p":1}`, "unsupported-key"],
    [`{"N":65535,"r":8,"p":1}`, "unsupported-key"],
    [`{"N":65536,"r":0,"p":1}`, "unsupported-key"],
    [`{"N":-65536,"r":8,"p":1}`, "malformed-key"],
    [`{"N":1e400,"r":8,"p":1}`, "malformed-key"],
    [`{"N":65536.5,"r":8,"p":1}`, "malformed-key"],
    [`{"N":99999999999999999999,"r":8,"p":1}`, "malformed-key"],
    [`{"r":8,"p":1}`, "malformed-key"],
  ];
  const started = performance.now();
  for (const [params, code] of costs) {
    const json = sample.replace(/\{"N":[^}]*\}/, params);
    assert.notEqual(json, sample);
    await assert.rejects(readPrivateKey(wrap(json), nobody), refuses(code), params);
  }
  assert.ok(performance.now() - started < 1000);
});

test("a description that is not cosign's is refused before anybody is asked", async () => {
  const changes: [string | RegExp, string][] = [
    ['"scrypt"', '"argon2"'],
    ["nacl/secretbox", "aes"],
    ['"nonce":"', '"nonce":"AAAA'],
    [/"nonce":"[^"]*"/, '"nonce":""'],
    [/"salt":"[^"]*"/, '"salt":"!"'],
    [/"ciphertext":"[^"]*"/, '"ciphertext":"AAAAAAAAAAAAAAAAAAAAAA=="'],
    [/,"ciphertext":"[^"]*"/, ""],
    [/^\{/, '{"kdf":{},'],
    [/^\{/, '{"other":1,'],
    [/\}$/, "}}"],
    [/^.*$/s, "null"],
    [/^.*$/s, "[".repeat(10_000)],
    [/^.*$/s, ""],
  ];
  for (const [from, to] of changes) {
    const json = sample.replace(from, to);
    assert.notEqual(json, sample, to);
    await assert.rejects(readPrivateKey(wrap(json), nobody), SignError, to.slice(0, 40));
  }
});

test("a message of a refusal holds nothing of the ciphertext", async () => {
  const json = sample.replace("nacl/secretbox", "aes");
  await assert.rejects(readPrivateKey(wrap(json), nobody), (error: SignError) => {
    const ciphertext = /"ciphertext":"([^"]*)"/.exec(sample)![1]!;
    return !`${error.message}${String(error.cause)}`.includes(ciphertext.slice(0, 12));
  });
});

test("what cosign would refuse to open is not written", async () => {
  const key = await readPrivateKey(keyText("p256.pkcs8.key"));
  const fake = { ...key, publicKey: { type: "rsa", modulusBits: 2560 } } as unknown as typeof key;
  await assert.rejects(writeCosignKey(fake, utf8Bytes("x")), refuses("unsupported-key"));
});
