// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { cosignatureVerifier, encodeVerifierKey, noteVerifier } from "@chancery/formats/note";
import { LogError } from "../errors.ts";
import { parsePolicy, type TrustPolicy } from "./index.ts";

const ed25519 = algorithmByName("PKIX_ED25519") ?? assert.fail();

function makeKey(kind: "note" | "cosignature", name = "key.example"): string {
  const { publicKey } = generatePrivateKey(ed25519);
  assert.ok(publicKey.type === "ed25519");
  const verifier =
    kind === "note" ? noteVerifier(name, publicKey) : cosignatureVerifier(name, publicKey);
  return encodeVerifierKey({ kind, verifier });
}

const keys = Array.from({ length: 6 }, () => makeKey("cosignature"));
const logKey = makeKey("note");
const witnesses = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
  .map((name, i) => `witness ${name} ${keys[i]}`)
  .join("\n");

function parse(text: string): TrustPolicy {
  return parsePolicy(utf8Bytes(text));
}

function refused(text: string): void {
  assert.throws(
    () => parse(text),
    (error) => error instanceof LogError && error.code === "malformed",
    text,
  );
}

test("the example of the specification is read, and its quorum counts as it says", () => {
  const policy = parse(`
    # a comment
    log ${logKey} https://log.example/
    ${witnesses}
    group X-witnesses 2 X1 X2 X3
    group Y-witnesses any Y1 Y2 Y3
    \t group  X-and-Y all\tX-witnesses Y-witnesses
    quorum X-and-Y
  `);
  assert.equal(policy.logs[0]?.url, "https://log.example/");
  assert.equal(policy.witnesses.length, 6);
  const isMet = (...names: string[]): boolean => policy.isMet(new Set(names));
  assert.equal(isMet("X1", "X3", "Y2"), true);
  assert.equal(isMet("X1", "X2", "X3", "Y1", "Y2", "Y3"), true);
  assert.equal(isMet("X1", "Y1", "Y2", "Y3"), false);
  assert.equal(isMet("X1", "X2", "X3"), false);
  assert.equal(isMet(), false);
  assert.equal(isMet("X-witnesses", "Y-witnesses"), false, "groups do not cosign");
});

test("a quorum may be none, or one witness", () => {
  assert.equal(parse("quorum none").isMet(new Set()), true);
  const one = parse(`${witnesses}\nquorum X2\n`);
  assert.equal(one.isMet(new Set(["X2"])), true);
  assert.equal(one.isMet(new Set(["X1"])), false);
});

test("what the format forbids is refused", () => {
  refused("");
  refused("# only a comment");
  refused(`${witnesses}\nquorum`);
  refused(`${witnesses}\nquorum X1 X2`);
  refused(`${witnesses}\nquorum X1\nquorum X1`);
  refused(`${witnesses}\nquorum X9`);
  refused(`quorum X1\n${witnesses}`);
  refused(`${witnesses}\nwitness X1 ${makeKey("cosignature")}\nquorum X1`);
  refused(`${witnesses}\nwitness X9 ${keys[0]}\nquorum X1`);
  refused(`${witnesses}\nwitness none ${makeKey("cosignature")}\nquorum X1`);
  refused(`witness W ${makeKey("note")}\nquorum W`);
  refused(`log ${makeKey("cosignature")}\nquorum none`);
  refused(`log ${logKey}\nlog ${logKey}\nquorum none`);
  refused(`log ${logKey} url more\nquorum none`);
  refused(`log not+a+key\nquorum none`);
  refused(`witness W\nquorum none`);
  refused(`${witnesses}\ngroup g any\nquorum g`);
  for (const k of ["0", "4", "-1", "01", "1.0", "ANY", "1000000"]) {
    refused(`${witnesses}\ngroup g ${k} X1 X2 X3\nquorum g`);
  }
  refused(`${witnesses}\ngroup g any X1 X1\nquorum g`);
  refused(`${witnesses}\ngroup g any X1\ngroup h any X1\nquorum h`);
  refused(`${witnesses}\ngroup g any g\nquorum g`);
  refused(`${witnesses}\ngroup g any none\nquorum g`);
  refused(`${witnesses}\ngroup X1 any X2\nquorum X1`);
  refused("quorum none # said twice");
  refused("quorum none\r\n");
  refused("quorum\u00a0none");
  refused("unknown line\nquorum none");
  refused("quorum none\0");
});

test("names are bytes: two spellings of one character are two names", () => {
  const e = concatBytes(utf8Bytes("witness caf"), Uint8Array.of(0xe9), utf8Bytes(` ${keys[0]}\n`));
  const policy = parsePolicy(concatBytes(e, utf8Bytes(`witness café ${keys[1]}\nquorum café\n`)));
  const [latin, utf8] = policy.witnesses.map(({ name }) => name) as [string, string];
  assert.notEqual(latin, utf8);
  assert.equal(policy.isMet(new Set([latin])), false);
  assert.equal(policy.isMet(new Set([utf8])), true);
});

test("no input makes it throw anything else", () => {
  const words = fc.constantFrom(
    "log",
    "witness",
    "group",
    "quorum",
    "any",
    "1",
    "X1",
    keys[0],
    "\n",
    " ",
  );
  const text = fc.array(fc.oneof(words, fc.string({ maxLength: 4 })), { maxLength: 20 });
  fc.assert(
    fc.property(text, (parts) => {
      try {
        parse(parts.join(" "));
      } catch (error) {
        assert.ok(error instanceof LogError);
      }
    }),
  );
});
