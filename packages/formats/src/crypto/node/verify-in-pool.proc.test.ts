// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const program = `
  const check = async () => {
    const { algorithmByName } = await import("@chancery/formats/crypto");
    const node = await import("@chancery/formats/crypto/node");
    const scheme = { kind: "ecdsa", hash: "sha256" };
    const key = node.generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
    const message = new Uint8Array(9);
    for (const signature of [key.sign(scheme, message), message]) {
      void node.verifySignatureInPool(key.publicKey, scheme, message, signature).then(console.log);
    }
  };
  check();
`;

test("the process ends when all is answered, and not before", () => {
  const options = { cwd: import.meta.dirname, encoding: "utf8", timeout: 20_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--eval", program], options);
  assert.deepEqual([status, stdout, stderr], [0, "true\nfalse\n", ""]);
});
