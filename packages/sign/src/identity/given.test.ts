// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { refuses } from "../../test/keys.ts";
import { tokenKey, tokenOf } from "../../test/tokens.ts";
import { givenIdentity } from "./given.ts";

const folder = mkdtempSync(join(tmpdir(), "chancery-given-"));
after(() => rmSync(folder, { recursive: true }));

const text = tokenOf();
const nothing = { environment: {} };

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function bearerOf(value: string | undefined, environment = {}): Promise<unknown> {
  return (await givenIdentity(value, { environment }))?.token.bearer();
}

test("a token is taken as it stands, whatever its algorithm", async () => {
  for (const alg of ["RS256", "ES256", "EdDSA"] as const) {
    const token = tokenOf({}, tokenKey(alg));
    assert.equal(await bearerOf(token), token);
    assert.equal(await bearerOf(` ${token}\n`), token);
  }
  const { source } = (await givenIdentity(text, nothing)) ?? {};
  assert.deepEqual(source, { name: "given", reason: "--identity-token holds a token" });
});

test("a file is read, and the line end after the token left away", async () => {
  for (const around of ["", "\n", "\r\n", " \n\n"]) {
    assert.equal(await bearerOf(file("token", `${text}${around}`)), text);
  }
  const { source } = (await givenIdentity(file("token", text), nothing)) ?? {};
  assert.deepEqual(source, { name: "given", reason: "--identity-token names a file" });
});

test("variables stand for the flag, ours first, and the flag before them", async () => {
  const [ours, theirs] = [tokenOf({ sub: "ours" }), file("theirs", tokenOf({ sub: "theirs" }))];
  const environment = { CHANCERY_IDENTITY_TOKEN: ours, COSIGN_IDENTITY_TOKEN: theirs };
  assert.equal(await bearerOf(text, environment), text);
  assert.equal(await bearerOf(undefined, environment), ours);
  const { source } =
    (await givenIdentity(undefined, { environment: { COSIGN_IDENTITY_TOKEN: theirs } })) ?? {};
  assert.equal(source?.reason, "the variable COSIGN_IDENTITY_TOKEN names a file");
  assert.equal(await bearerOf(undefined, { CHANCERY_IDENTITY_TOKEN: "" }), undefined);
  assert.equal(await bearerOf(undefined), undefined);
});

test("files that cannot be read are told, without what may be a damaged token", async () => {
  const unreadable = refuses("identity-token-unreadable");
  const mangled = `${text.replace(".", ":")}`;
  for (const value of ["", join(folder, "none"), folder, mangled, "x".repeat(70_000), "a\0b"]) {
    await assert.rejects(givenIdentity(value, nothing), (error: Error) => {
      const shown = inspect(error, { depth: 4 });
      return unreadable(error) && (value.length < 100 || !shown.includes(value.slice(-40)));
    });
  }
});

test("files with anything else in them are malformed", async () => {
  const malformed = refuses("identity-token-malformed");
  const contents = ["", "\n", "hello", `Bearer ${text}`, `{"token":"${text}"}`, `${text}\n${text}`];
  for (const content of [...contents, Uint8Array.of(0xff, 0xfe), "a".repeat(66_000)]) {
    await assert.rejects(givenIdentity(file("bad", content), nothing), malformed);
  }
});
