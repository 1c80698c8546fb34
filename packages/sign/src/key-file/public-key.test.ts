// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { publicKeysEqual } from "@chancery/formats/crypto";
import { keyText, refuses } from "../../test/keys.ts";
import { SignError } from "../errors.ts";
import { readPublicKey } from "./index.ts";

test("SPKI and PKCS#1 name the same key", () => {
  const spki = readPublicKey(keyText("rsa2048.pub"));
  assert.ok(publicKeysEqual(readPublicKey(keyText("rsa2048.pkcs1.pub")), spki));
});

test("the line of an OpenSSH key is read, with and without comment or newline", () => {
  const types = { ed25519: "ed25519", rsa: "rsa", p256: "ec", p384: "ec", p521: "ec" };
  for (const [name, type] of Object.entries(types)) {
    const line = keyText(`ssh-${name}.pub`);
    const key = readPublicKey(line);
    assert.equal(key.type, type);
    assert.deepEqual(readPublicKey(line.split(" ").slice(0, 2).join(" ")), key);
    assert.deepEqual(readPublicKey(`${line.trim()}\r\n`), key);
  }
});

test("an OpenSSH line cut at any character of its key is refused", () => {
  for (const name of ["ssh-ed25519.pub", "ssh-p256.pub"]) {
    const line = keyText(name).split(" ").slice(0, 2).join(" ");
    for (let end = 0; end < line.length; end++) {
      assert.throws(() => readPublicKey(line.slice(0, end)), SignError, `${name} at ${end}`);
    }
  }
});

test("OpenSSH lines that contradict themselves or hold more are refused", () => {
  const line = keyText("ssh-ed25519.pub").trim();
  const [type, body] = line.split(" ") as [string, string];
  const longer = Buffer.concat([Buffer.from(body, "base64"), Buffer.from([0])]).toString("base64");
  const cases = [
    `ssh-rsa ${body}`,
    `${type} ${longer}`,
    `ecdsa-sha2-nistp256 ${keyText("ssh-p384.pub").split(" ")[1]}`,
    `no-pty ${line}`,
    `${line}\n${line}`,
    `ssh-dss ${body}`,
    `${type}  ${body}`,
    `${type} ${body}=`,
  ];
  for (const text of cases) assert.throws(() => readPublicKey(text), SignError, text);
});

test("what is not a public key is refused with what to do", () => {
  const cases: [string, RegExp][] = [
    [keyText("refused/certificate.crt"), /certificate.*openssl x509/],
    [keyText("p256.pkcs8.key"), /private key.*public-key/],
    [keyText("cosign-p256.cosign.key"), /private key/],
    ["---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", /ssh-keygen -i/],
    [keyText("p256.pub") + keyText("p256.pub"), /more than one/],
    [keyText("p256.pub").replaceAll("PUBLIC KEY", "EC PUBLIC KEY"), /EC PUBLIC KEY/],
  ];
  for (const [text, words] of cases) {
    assert.throws(() => readPublicKey(text), refuses("unsupported-key", words));
  }
  for (const text of ["", "nothing", keyText("p256.pub").slice(0, 60)]) {
    assert.throws(() => readPublicKey(text), refuses("malformed-key"));
  }
});
