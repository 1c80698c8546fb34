// SPDX-License-Identifier: Apache-2.0
// What a process does without koffi, and as a browser resolves the package: both are decided when
// modules load, so each needs a process of its own.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const index = JSON.stringify(new URL("index.ts", import.meta.url).href);

/** Signs with Node, verifies with the package; prints the paths and the answers. */
const script = `
  import crypto from "node:crypto";
  import { decodeSpki, digestPath, hash, verifyDigest, verifySignature } from ${index};
  const message = new TextEncoder().encode("message");
  const out = [];
  for (const [type, options, name, scheme] of [
    ["ec", { namedCurve: "P-256" }, "sha256", { kind: "ecdsa", hash: "sha256" }],
    ["ec", { namedCurve: "P-384" }, "sha256", { kind: "ecdsa", hash: "sha256" }],
    ["rsa", { modulusLength: 2048 }, "sha256", { kind: "rsa-pkcs1v15", hash: "sha256" }],
    ["ed25519", {}, null, { kind: "ed25519" }],
  ]) {
    const { publicKey, privateKey } = crypto.generateKeyPairSync(type, options);
    const key = decodeSpki(new Uint8Array(publicKey.export({ format: "der", type: "spki" })));
    const signature = new Uint8Array(crypto.sign(name, message, privateKey));
    const wrong = signature.slice();
    wrong[wrong.length - 1] ^= 1;
    const answers = [signature, wrong].map((each) => verifySignature(key, scheme, message, each));
    if (name !== null) {
      const digest = hash(name, message);
      answers.push(...[signature, wrong].map((each) => verifyDigest(key, scheme, digest, each)));
    }
    out.push([key.type, digestPath(key), ...answers]);
  }
  console.log(JSON.stringify(out));
`;

function run(flags: readonly string[], env: Readonly<Record<string, string>>): unknown {
  const args = [...flags, "--input-type=module", "--eval", script];
  const output = execFileSync(process.execPath, args, { env: { ...process.env, ...env } });
  return JSON.parse(output.toString());
}

function expected(ec: string, rsa: string): unknown {
  return [
    ["ec", ec, true, false, true, false],
    ["ec", ec, true, false, true, false],
    ["rsa", rsa, true, false, true, false],
    ["ed25519", "noble", true, false],
  ];
}

test("with koffi, OpenSSL checks digests", () => {
  assert.deepEqual(run([], { CHANCERY_DIGEST_PATH: "" }), expected("openssl", "openssl"));
});

test("without koffi, pure JavaScript checks digests of elliptic keys", () => {
  const answers = run([], { CHANCERY_DIGEST_PATH: "noble" });
  assert.deepEqual(answers, expected("noble", "openssl"));
});

test("where koffi is not to be found, the fallback is silent", () => {
  const hide =
    "data:text/javascript," +
    encodeURIComponent(
      `import M from "node:module"; const load = M._load;
       M._load = (name, ...rest) => { if (name === "koffi") throw new Error("no koffi"); ` +
        `return load(name, ...rest); };`,
    );
  const answers = run(["--import", hide], { CHANCERY_DIGEST_PATH: "" });
  assert.deepEqual(answers, expected("noble", "openssl"));
});

test("as a browser resolves it, the package needs no native code", () => {
  const answers = run(["--conditions=browser"], { CHANCERY_DIGEST_PATH: "" });
  assert.deepEqual(answers, expected("noble", "bigint"));
});
