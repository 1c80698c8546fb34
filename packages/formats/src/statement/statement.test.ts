// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { utf8Bytes } from "../bytes/index.ts";
import { hash } from "../crypto/index.ts";
import { FormatError, type FormatErrorCode } from "../errors/index.ts";
import { decodeStatement, matchingSubjects, type Statement, statementTypeV01 } from "./index.ts";

const artifact = utf8Bytes("artifact");
const hex = (name: "sha256" | "sha384" | "sha512"): string =>
  Buffer.from(hash(name, artifact)).toString("hex");
const digests = { sha256: hash("sha256", artifact) };

const valid = (): any => ({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "a", digest: { sha256: hex("sha256") } }],
  predicateType: "https://example.com/v1",
  predicate: { builder: { id: "b" }, count: 1.5 },
});

function read(edit?: (value: any) => unknown): Statement {
  const value = valid();
  edit?.(value);
  return decodeStatement(utf8Bytes(JSON.stringify(value)));
}

describe("a Statement", () => {
  test("is read with all that its predicate says", () => {
    const statement = read();
    assert.equal(statement.type, "https://in-toto.io/Statement/v1");
    assert.equal(statement.predicateType, "https://example.com/v1");
    const [subject, ...others] = statement.subjects;
    assert.deepEqual([subject?.name, others], ["a", []]);
    assert.equal(subject?.digest["sha256"], hex("sha256"));
    assert.equal(JSON.stringify(statement.predicate), JSON.stringify(valid().predicate));
    assert.equal(JSON.stringify(statement.document), JSON.stringify(valid()));
  });

  test("may be of v0.1, without predicate or names, with fields of later versions", () => {
    assert.equal(read((value) => (value._type = statementTypeV01)).type, statementTypeV01);
    assert.equal("predicate" in read((value) => delete value.predicate), false);
    assert.equal("predicate" in read((value) => (value.predicate = null)), false);
    assert.equal(read((value) => delete value.subject[0].name).subjects[0]?.name, undefined);
    read((value) => (value.more = { a: 1 }));
    read((value) => (value.subject[0].uri = "https://example.com"));
    read((value) => (value.subject[0].digest.gitCommit = "00"));
    assert.equal(read((value) => (value.predicate = "text")).predicate, "text");
  });

  test("that lacks what it must have, or has it in another type, is refused", () => {
    const cases: [(value: any) => unknown, FormatErrorCode][] = [
      [(value) => delete value._type, "missing-field"],
      [(value) => (value._type = "https://in-toto.io/Statement/v2"), "unsupported"],
      [(value) => (value._type = "https://in-toto.io/Statement/V1"), "unsupported"],
      [(value) => (value._type = 1), "wrong-type"],
      [(value) => delete value.subject, "missing-field"],
      [(value) => (value.subject = []), "missing-field"],
      [(value) => (value.subject = {}), "wrong-type"],
      [(value) => (value.subject = "a"), "wrong-type"],
      [(value) => (value.subject = [null]), "wrong-type"],
      [(value) => (value.subject = ["a"]), "wrong-type"],
      [(value) => (value.subject[0].name = 1), "wrong-type"],
      [(value) => delete value.subject[0].digest, "missing-field"],
      [(value) => (value.subject[0].digest = null), "missing-field"],
      [(value) => (value.subject[0].digest = "sha256"), "wrong-type"],
      [(value) => (value.subject[0].digest = ["sha256"]), "wrong-type"],
      [(value) => (value.subject[0].digest = 7), "wrong-type"],
      [(value) => (value.subject[0].digest.sha256 = 1), "wrong-type"],
      [(value) => (value.subject[0].digest.sha256 = null), "missing-field"],
      [(value) => delete value.predicateType, "missing-field"],
      [(value) => (value.predicateType = ""), "missing-field"],
      [(value) => (value.predicateType = []), "wrong-type"],
      [(value) => (value.predicate = []), "wrong-type"],
      [(value) => (value.predicate = 1), "wrong-type"],
      [(value) => (value.predicate = false), "wrong-type"],
    ];
    for (const [edit, code] of cases) {
      assert.throws(
        () => read(edit),
        (error: unknown) => error instanceof FormatError && error.code === code,
        `${String(edit)} ${code}`,
      );
    }
  });

  test("cut anywhere, with a tail, or with a name twice is refused", () => {
    const bytes = utf8Bytes(JSON.stringify(valid()));
    for (let end = 0; end < bytes.length; end++) {
      assert.throws(() => decodeStatement(bytes.subarray(0, end)), FormatError);
    }
    const text = JSON.stringify(valid());
    for (const more of ["x", "{}", text]) {
      assert.throws(() => decodeStatement(utf8Bytes(text + more)), FormatError);
    }
    for (const [, name] of text.matchAll(/"(\w+)":/g)) {
      const twice = text.replace(`"${name}":`, `"${name}":null,"${name}":`);
      assert.throws(
        () => decodeStatement(utf8Bytes(twice)),
        (error: unknown) => error instanceof FormatError && error.code === "duplicate-key",
      );
    }
  });

  test("has at most 1024 subjects with at most 32 digests each", () => {
    const subjects = (count: number) => (value: any) =>
      (value.subject = Array.from({ length: count }, () => value.subject[0]));
    assert.equal(read(subjects(1024)).subjects.length, 1024);
    assert.throws(() => read(subjects(1025)), { code: "too-large" });
    const many = (count: number) => (value: any) =>
      (value.subject[0].digest = Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`algorithm${i}`, "00"]),
      ));
    assert.equal(Object.keys(read(many(32)).subjects[0]?.digest ?? {}).length, 32);
    assert.throws(() => read(many(33)), { code: "too-large" });
  });

  test("of any JSON is read or refused, never more", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.nat(4), (item, which) => {
        const value = valid();
        const fields = ["_type", "subject", "predicateType", "predicate"];
        if (which === 4) value.subject[0].digest = item;
        else value[fields[which] as string] = item;
        try {
          decodeStatement(utf8Bytes(JSON.stringify(value)));
        } catch (error) {
          assert.ok(error instanceof FormatError);
        }
      }),
    );
  });

  test("has digests that no name of JavaScript's objects gets into", () => {
    const text = JSON.stringify(valid()).replace('"sha256"', '"__proto__"');
    const [subject] = decodeStatement(utf8Bytes(text)).subjects;
    assert.deepEqual(Object.keys(subject?.digest ?? {}), ["__proto__"]);
    assert.equal(Object.getPrototypeOf(subject?.digest), null);
    assert.deepEqual(matchingSubjects(decodeStatement(utf8Bytes(text)), digests), []);
  });
});

describe("subjects match", () => {
  const subjectOf = (digest: object): Statement =>
    read((value) => (value.subject[0].digest = digest));
  const count = (digest: object, given: object = digests): number =>
    matchingSubjects(subjectOf(digest), given).length;

  test("by at least one digest that both know, and none that differs", () => {
    const sha512 = hash("sha512", artifact);
    assert.equal(count({ sha256: hex("sha256") }), 1);
    assert.equal(count({ sha256: hex("sha256"), sha512: hex("sha512") }), 1);
    assert.equal(
      count({ sha256: hex("sha256"), sha512: hex("sha512") }, { ...digests, sha512 }),
      1,
    );
    assert.equal(count({ sha256: hex("sha256"), sha512: "00" }, { ...digests, sha512 }), 0);
    assert.equal(count({ sha256: "00", sha512: hex("sha512") }, { ...digests, sha512 }), 0);
    assert.equal(count({ gitCommit: "00", sha256: hex("sha256") }), 1);
  });

  test("never by nothing: no digest given, none known, or none at all", () => {
    assert.equal(count({ sha256: hex("sha256") }, {}), 0);
    assert.equal(count({ sha512: hex("sha512") }), 0);
    assert.equal(count({}), 0);
    assert.equal(count({}, {}), 0);
  });

  test("in lower-case hexadecimal of the whole digest only", () => {
    const text = hex("sha256");
    for (const other of [
      text.toUpperCase(),
      text.replace(/[a-f]/, (letter) => letter.toUpperCase()),
      text.slice(2),
      text.slice(1),
      `${text}00`,
      ` ${text}`,
      `${text}\n`,
      `0x${text}`,
      "",
    ]) {
      assert.equal(count({ sha256: other }), 0, other);
    }
  });
});
