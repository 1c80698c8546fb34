// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesEqual, utf8Bytes } from "@chancery/formats/bytes";
import { defaultAlgorithm, verifySignature } from "@chancery/formats/crypto";
import { decodePem, encodePem } from "@chancery/formats/pem";
import {
  keyBytes,
  keyNames,
  keyText,
  nobody,
  password,
  refusedNames,
  refuses,
} from "../../test/keys.ts";
import { SignError } from "../errors.ts";
import { keyFileBytesMax, keyFileFormats, readPrivateKey, readPublicKey } from "./index.ts";

const encrypted = /aes|des3|cosign|default|encrypted/;
const message = utf8Bytes("message");

test("every key file opens, and signs under the public key that its maker wrote", async () => {
  assert.ok(keyNames.length > 20);
  for (const name of keyNames) {
    const stated = readPublicKey(keyText(`${name.split(".")[0]}.pub`));
    const key = await readPrivateKey(keyBytes(name), encrypted.test(name) ? password : nobody);
    assert.deepEqual(key.publicKey, stated, name);
    const { scheme } = defaultAlgorithm(stated);
    assert.ok(verifySignature(stated, scheme, message, key.sign(scheme, message)), name);
  }
});

test("an encrypted file without anybody to ask is refused", async () => {
  for (const name of keyNames.filter((item) => encrypted.test(item))) {
    await assert.rejects(readPrivateKey(keyBytes(name)), refuses("password-required"), name);
  }
});

test("a wrong or empty password is refused as wrong", async () => {
  const wrong = [utf8Bytes("correct horse "), new Uint8Array(0)];
  for (const name of keyNames.filter((item) => encrypted.test(item))) {
    // Deriving cosign's key takes long: one wrong password there is enough.
    if (name.endsWith(".cosign.key") && !name.startsWith("cosign")) continue;
    for (const bytes of name.startsWith("cosign") ? wrong.slice(0, 1) : wrong) {
      const attempt = readPrivateKey(keyBytes(name), async () => bytes);
      await assert.rejects(attempt, refuses("wrong-password"), name);
    }
  }
});

test("an error of whoever is asked for the password comes through", async () => {
  for (const name of ["p256.pbkdf2-sha256-aes256.key", "ssh-p384.openssh-aes256-ctr.key"]) {
    await assert.rejects(readPrivateKey(keyBytes(name), nobody), /^Error: asked for a password$/);
  }
});

test("a password is asked for once", async () => {
  let asked = 0;
  await readPrivateKey(keyBytes("rsa2048.pkcs1-des3.key"), async () => {
    asked++;
    return password();
  });
  assert.equal(asked, 1);
});

test("the bytes given are left alone, encrypted or not", async () => {
  for (const name of ["p521.der.key", "p521.encrypted-der.key", "p256.pkcs8.key"]) {
    const given = keyBytes(name);
    await readPrivateKey(given, password);
    assert.deepEqual(given, keyBytes(name), name);
  }
});

test("a file cut at any character is refused, before a password is asked for", async () => {
  for (const name of keyNames) {
    const whole = keyBytes(name);
    const text = name.includes("der.") ? undefined : keyText(name);
    const length = text?.trimEnd().length ?? whole.length;
    for (let end = 0; end < length; end += length > 1000 ? 7 : 1) {
      const cut = text?.slice(0, end) ?? whole.subarray(0, end);
      await assert.rejects(readPrivateKey(cut, nobody), SignError, `${name} at ${end}`);
    }
  }
});

test("content cut at any byte inside whole armour is refused, before a password is asked for", async () => {
  for (const name of keyNames.filter(
    (item) => !item.includes("der.") && !/pkcs1-|sec1-/.test(item),
  )) {
    const { label, bytes } = decodePem(keyText(name)).at(-1)!;
    for (let end = 0; end < bytes.length; end += bytes.length > 500 ? 5 : 1) {
      const cut = encodePem(label, bytes.subarray(0, end));
      await assert.rejects(readPrivateKey(cut, nobody), SignError, `${name} at ${end}`);
    }
    const longer = encodePem(label, Uint8Array.of(...bytes, 0));
    await assert.rejects(readPrivateKey(longer, nobody), refuses("malformed-key"), name);
  }
});

test("a damaged file is refused or still gives the same key", async () => {
  const names = [
    "p256.pkcs8.key",
    "p384.sec1.key",
    "ssh-p521.openssh.key",
    "ssh-ed25519.openssh.key",
  ];
  for (const name of names) {
    const { label, bytes } = decodePem(keyText(name)).at(-1)!;
    const { publicKey } = await readPrivateKey(keyBytes(name));
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * bytes.length - 1), async (bit) => {
        const flipped = Uint8Array.from(bytes);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        try {
          const key = await readPrivateKey(encodePem(label, flipped), nobody);
          assert.ok(bytesEqual(key.publicKey.spki, publicKey.spki), `${name} bit ${bit}`);
        } catch (error) {
          assert.ok(error instanceof SignError, `${name} bit ${bit}: ${String(error)}`);
        }
      }),
      { numRuns: 150 },
    );
  }
});

test("well-formed keys that are not used for signing are refused as such", async () => {
  for (const name of refusedNames) {
    const attempt = readPrivateKey(keyBytes(`refused/${name}`), password);
    await assert.rejects(attempt, refuses("unsupported-key"), name);
  }
  const rsa2560 = readPrivateKey(keyBytes("refused/rsa2560.key"));
  await assert.rejects(rsa2560, refuses("unsupported-key", /2560 bits.*2048, 3072, 4096/));
});

test("a label that does not belong to the content is refused", async () => {
  const contents = new Map<string, Uint8Array>();
  for (const name of keyNames.filter((item) => !item.includes("der."))) {
    const { label, bytes, headers } = decodePem(keyText(name)).at(-1)!;
    if (Object.keys(headers).length === 0) contents.set(label, bytes);
  }
  assert.equal(contents.size, 6);
  const family = (label: string): string => label.replace("COSIGN", "SIGSTORE");
  const labels = [
    ...contents.keys(),
    "ENCRYPTED COSIGN PRIVATE KEY",
    "DSA PRIVATE KEY",
    "PUBLIC KEY",
  ];
  for (const [held, bytes] of contents) {
    for (const label of labels.filter((item) => family(item) !== family(held))) {
      const attempt = readPrivateKey(encodePem(label, bytes), nobody);
      await assert.rejects(attempt, SignError, `${held} as ${label}`);
    }
  }
});

test("files with more than the key are refused, but for the parameters of an EC key", async () => {
  const key = keyText("p256.pkcs8.key");
  const [parameters, sec1] = decodePem(keyText("p256.sec1-parameters.key"));
  assert.deepEqual([parameters!.label, sec1!.label], ["EC PARAMETERS", "EC PRIVATE KEY"]);
  const parametersPem = encodePem("EC PARAMETERS", parameters!.bytes);
  const cases = [
    key + key,
    key + keyText("p256.pub"),
    keyText("refused/certificate.crt") + key,
    parametersPem + key,
    keyText("p384.sec1.key") + parametersPem,
    parametersPem + parametersPem + keyText("p384.sec1.key"),
    keyText("p256.sec1-parameters.key") + key,
  ];
  for (const text of cases) {
    await assert.rejects(
      readPrivateKey(text, nobody),
      refuses("malformed-key", /only the private/),
    );
  }
  await assert.rejects(readPrivateKey(parametersPem, nobody), refuses("unsupported-key"));
});

test("headers stand in no file but those of OpenSSL's old encryption", async () => {
  for (const name of ["p256.pkcs8.key", "ssh-ed25519.openssh.key", "cosign-p256.cosign.key"]) {
    const text = keyText(name).replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n");
    await assert.rejects(readPrivateKey(text, nobody), refuses("malformed-key"), name);
  }
  const old = keyText("p521.sec1-aes256.key");
  const cases: [string, string][] = [
    ["4,ENCRYPTED", "4,MIC-ONLY"],
    ["AES-256-CBC", "AES-128-CBC"],
    ["AES-256-CBC", "toString"],
    ["AES-256-CBC", "RC2-CBC"],
    ["AES-256-CBC,", "AES-256-CBC,00"],
    ["AES-256-CBC,", "AES-256-CBC,zz"],
    ["AES-256-CBC,", "AES-256-CBC"],
    ["DEK-Info", "Other"],
  ];
  for (const [from, to] of cases) {
    const text = old.replace(from, to);
    assert.notEqual(text, old);
    await assert.rejects(readPrivateKey(text, password), SignError, to);
  }
});

test("other files are refused with what to do about them", async () => {
  const cases: [string, RegExp][] = [
    ["PuTTY-User-Key-File-3: ssh-ed25519\n", /puttygen/],
    ["-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nxsBN\n=abcd\n-----END PGP", /OpenPGP/],
    ["untrusted comment: minisign encrypted secret key\nRWQ", /minisign/],
    ["-----BEGIN DSA PRIVATE KEY-----\n", /DSA/],
    [keyText("p256.pub"), /PUBLIC KEY, not a private key.*name the file of the private key/],
  ];
  for (const [text, words] of cases) {
    await assert.rejects(readPrivateKey(text, nobody), refuses("unsupported-key", words));
  }
  for (const text of ["", "\n", "ssh-ed25519 AAAA", "\ufeff", "null"]) {
    await assert.rejects(readPrivateKey(text, nobody), refuses("malformed-key"), text);
  }
});

test("bytes that are neither text nor PKCS#8 are refused", async () => {
  const pkcs1 = decodePem(keyText("rsa2048.pkcs1.key"))[0]!.bytes;
  await assert.rejects(readPrivateKey(pkcs1, nobody), refuses("unsupported-key", /inform DER/));
  await assert.rejects(readPrivateKey(Uint8Array.of(0xff, 0xfe), nobody), refuses("malformed-key"));
  await assert.rejects(readPrivateKey(Uint8Array.of(0x30), nobody), SignError);
  const large = new Uint8Array(keyFileBytesMax + 1);
  await assert.rejects(readPrivateKey(large, nobody), refuses("malformed-key", /more than/));
  await assert.rejects(readPrivateKey(" ".repeat(large.length)), refuses("malformed-key"));
});

test("text around a PEM block is skipped, with any line ending", async () => {
  const text = `Bag Attributes\r\n${keyText("p256.pkcs8.key").replaceAll("\n", "\r\n")}\r\nend`;
  const key = await readPrivateKey(text, nobody);
  assert.deepEqual(key.publicKey, readPublicKey(keyText("p256.pub")));
});

test("no two formats claim the same block", () => {
  for (const name of keyNames) {
    const bytes = keyBytes(name);
    const block = name.includes("der.")
      ? { label: undefined, headers: {}, bytes }
      : decodePem(keyText(name)).at(-1)!;
    assert.equal(keyFileFormats.filter((format) => format.matches(block)).length, 1, name);
  }
});
