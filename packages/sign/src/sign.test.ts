// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBundle, encodeBundle } from "@chancery/formats/bundle";
import { utf8Bytes } from "@chancery/formats/bytes";
import { type Algorithm, algorithmByFlag, algorithms } from "@chancery/formats/crypto";
import { generatePrivateKey, type PrivateKey } from "@chancery/formats/crypto/node";
import { type Artifact, artifactFromBytes, type Evidence, verify } from "@chancery/verify";
import { SignError } from "./errors.ts";
import { attest, keyHint, sign, type SignInput } from "./sign.ts";
import { keySigner, type MessageStream, openSigner, signerKinds } from "./signer/index.ts";

const content = utf8Bytes("the content\n".repeat(1000));
const served = algorithms.filter(({ verifyOnly, key }) => !verifyOnly && key.type !== "rsa");
const keys = new Map<string, PrivateKey>();

function keyFor(algorithm: Algorithm): PrivateKey {
  const { type } = algorithm.key;
  const name = algorithm.key.type === "ec" ? algorithm.key.curve : type;
  const known = keys.get(name) ?? generatePrivateKey(algorithm);
  keys.set(name, known);
  return known;
}

function stream(bytes: Uint8Array, options: Partial<MessageStream> = {}) {
  let opened = 0;
  const source: MessageStream = {
    async *open() {
      opened++;
      for (let i = 0; i < bytes.length; i += 777) yield bytes.subarray(i, i + 777);
    },
    ...options,
  };
  return { source, opened: () => opened };
}

function check(
  bundle: string,
  key: PrivateKey,
  algorithm: Algorithm,
  artifact?: Artifact,
): Evidence {
  return verify({
    bundle,
    ...(artifact ? { artifact } : {}),
    policy: { signer: { kind: "key", key: key.publicKey, algorithm }, logThreshold: 0 },
  });
}

async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SignError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

const rsa = ["rsa-sign-pkcs1-2048-sha256", "rsa-sign-pss-2048-sha256"].map(algorithmByFlag);

for (const algorithm of [...served, ...rsa]) {
  test(`what ${algorithm.name} signs in memory and as a stream verifies as a bundle`, async () => {
    const key = keyFor(algorithm);
    const signer = keySigner(key, algorithm);
    const { source, opened } = stream(content);
    for (const artifact of [content, source]) {
      const { bundle, signature, digest } = await sign({ artifact, signer });
      const json = encodeBundle(bundle);
      assert.deepEqual(decodeBundle(json), bundle);
      const evidence = check(json, key, algorithm, artifactFromBytes(content));
      assert.equal(evidence.verdict, "verified", evidence.reason);
      const other = check(json, key, algorithm, artifactFromBytes(content.slice(1)));
      assert.equal(other.verdict, "refused");
      assert.equal(
        bundle.content.kind === "message" && bundle.content.message.signature,
        signature,
      );
      const name = digest.algorithm.replace("SHA2_", "sha");
      assert.deepEqual(digest.digest, new Uint8Array(createHash(name).update(content).digest()));
    }
    assert.equal(opened(), algorithm.scheme.kind === "ed25519" ? 2 : 1);
  });
}

test("a bundle names its key by the hash of its SubjectPublicKeyInfo and holds no key", async () => {
  const key = keyFor(algorithmByFlag("ed25519"));
  const { bundle } = await sign({ artifact: content, signer: keySigner(key) });
  const { spki } = key.publicKey;
  const hint = createHash("sha256").update(spki).digest("base64");
  assert.equal(keyHint(key.publicKey), hint);
  const expected = { publicKey: { hint } };
  assert.deepEqual(JSON.parse(encodeBundle(bundle)).verificationMaterial, expected);
});

test("pure Ed25519 notes SHA-256, without which other clients refuse the bundle", async () => {
  const signer = keySigner(keyFor(algorithmByFlag("ed25519")));
  const { digest } = await sign({ artifact: content, signer });
  assert.equal(digest.algorithm, "SHA2_256");
});

test("the empty artifact is one", async () => {
  for (const algorithm of served) {
    const signer = keySigner(keyFor(algorithm), algorithm);
    const { source } = stream(new Uint8Array(0));
    for (const artifact of [new Uint8Array(0), source]) {
      const { bundle } = await sign({ artifact, signer });
      const empty = artifactFromBytes(new Uint8Array(0));
      const evidence = check(encodeBundle(bundle), keyFor(algorithm), algorithm, empty);
      assert.equal(evidence.verdict, "verified");
    }
  }
});

test("progress tells the bytes read", async () => {
  const seen: number[] = [];
  const signer = keySigner(keyFor(algorithmByFlag("ecdsa-sha2-256-nistp256")));
  const { source } = stream(content);
  await sign({ artifact: source, signer, onProgress: (bytes) => seen.push(bytes) });
  assert.equal(seen.at(-1), content.length);
  assert.equal(seen.length, Math.ceil(content.length / 777));
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
});

test("an algorithm that does not go with the key is refused", () => {
  const key = keyFor(algorithmByFlag("ecdsa-sha2-256-nistp256"));
  const wrong = ["ed25519", "ecdsa-sha2-384-nistp384", "rsa-sign-pss-2048-sha256"];
  for (const flag of wrong) {
    assert.throws(
      () => keySigner(key, algorithmByFlag(flag)),
      (error) => error instanceof SignError && error.code === "unsupported-algorithm",
    );
  }
  const old = algorithmByFlag("ecdsa-sha2-256-nistp384");
  const p384 = keyFor(algorithmByFlag("ecdsa-sha2-384-nistp384"));
  assert.throws(() => keySigner(p384, old), SignError);
});

test("pure Ed25519 refuses what can be read once, and what changes between readings", async () => {
  const signer = keySigner(keyFor(algorithmByFlag("ed25519")));
  const once = stream(content, { once: true });
  assert.equal(await code(sign({ artifact: once.source, signer })), "unsupported-algorithm");
  assert.equal(once.opened(), 0);
  let reading = 0;
  const changing: MessageStream = {
    async *open() {
      yield utf8Bytes(`reading ${reading++}`);
    },
  };
  assert.equal(await code(sign({ artifact: changing, signer })), "artifact-changed");
});

test("a failure to read is passed on as it is", async () => {
  const broken = new Error("the disk failed");
  const artifact: MessageStream = {
    async *open() {
      yield content;
      throw broken;
    },
  };
  for (const algorithm of served) {
    const signer = keySigner(keyFor(algorithm), algorithm);
    await assert.rejects(sign({ artifact, signer }), broken);
  }
});

test("a signer that does not read everything is found out", async () => {
  const { source } = stream(content);
  const real = keySigner(keyFor(algorithmByFlag("ed25519")));
  const lazy: SignInput["signer"] = { ...real, sign: async () => new Uint8Array(64) };
  await assert.rejects(sign({ artifact: source, signer: lazy }), /did not read the whole message/);
});

test("references open signers, and unknown ones are refused", async () => {
  assert.equal(signerKinds.at(-1)?.name, "key");
  const context = { environment: {} };
  assert.equal(await code(openSigner("env://NONE", context)), "unreadable-key");
  assert.equal(await code(openSigner("awskms://key", context)), "unsupported-key-reference");
  assert.equal(await code(openSigner("/none/such.key", context)), "unreadable-key");
});

const statement = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "a", digest: { sha256: "00".repeat(32) } }],
  predicateType: "https://example.com/p",
};

test("a statement is signed byte for byte, whatever its spelling", async () => {
  const algorithm = algorithmByFlag("ecdsa-sha2-256-nistp256");
  const key = keyFor(algorithm);
  const signer = keySigner(key);
  await fc.assert(
    fc.asyncProperty(
      fc.jsonValue(),
      fc.integer({ min: 0, max: 4 }),
      fc.constantFrom("", "\n", " \t"),
      async (predicate, indent, end) => {
        const value = { ...statement, predicate: { predicate } };
        const text = utf8Bytes(JSON.stringify(value, null, indent) + end);
        const { bundle } = await attest({ statement: text, signer });
        assert.ok(bundle.content.kind === "envelope");
        const { envelope } = bundle.content;
        assert.deepEqual(envelope.payload, text);
        assert.equal(envelope.payloadType, "application/vnd.in-toto+json");
        assert.deepEqual(Object.keys(envelope.signatures[0] ?? {}), ["sig"]);
        const json = encodeBundle(bundle);
        assert.equal(check(json, key, algorithm).verdict, "verified");
        const other = keyFor(algorithmByFlag("ed25519"));
        assert.equal(check(json, other, algorithmByFlag("ed25519")).verdict, "refused");
      },
    ),
    { numRuns: 50 },
  );
});

test("a statement signed with Ed25519 is signed purely", async () => {
  const algorithm = algorithmByFlag("ed25519");
  const key = keyFor(algorithm);
  const text = utf8Bytes(JSON.stringify(statement));
  const { bundle } = await attest({ statement: text, signer: keySigner(key) });
  assert.equal(check(encodeBundle(bundle), key, algorithm).verdict, "verified");
});

test("what is no statement is not signed", async () => {
  const signer = keySigner(keyFor(algorithmByFlag("ed25519")));
  const subjectless = { _type: statement._type, predicateType: statement.predicateType };
  const wrong = [
    "",
    "null",
    "[]",
    "{}",
    JSON.stringify(statement).slice(0, -1),
    JSON.stringify(subjectless),
    JSON.stringify({ ...statement, subject: [] }),
    JSON.stringify({ ...statement, _type: "https://in-toto.io/Statement/v9" }),
    JSON.stringify({ ...statement, predicateType: "" }),
    JSON.stringify(statement).replace("{", '{"_type":"twice",'),
    `${JSON.stringify(statement)}x`,
  ];
  for (const text of wrong) {
    const refusal = code(attest({ statement: utf8Bytes(text), signer }));
    assert.equal(await refusal, "malformed-statement", text);
  }
});
