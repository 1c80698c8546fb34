// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeHex } from "../bytes/index.ts";
import { ed25519PublicKey, keyIdentifier, rsaPublicKey } from "./index.ts";

test("a key identifier is SHA-1 of the key's bits, without the algorithm around them", () => {
  // As printed by `openssl dgst -sha1` over the raw bytes.
  const ed25519 = ed25519PublicKey(new Uint8Array(32));
  assert.equal(encodeHex(keyIdentifier(ed25519)), "de8a847bff8c343d69b853a215e6ee775ef2ef96");
  const rsa = rsaPublicKey(new Uint8Array(256).fill(0xff), Uint8Array.of(1, 0, 1));
  assert.equal(keyIdentifier(rsa).length, 20);
  assert.notDeepEqual(keyIdentifier(rsa), keyIdentifier(ed25519));
});
