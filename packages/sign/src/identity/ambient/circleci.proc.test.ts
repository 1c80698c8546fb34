// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { refuses } from "../../../test/keys.ts";
import { tokenOf } from "../../../test/tokens.ts";
import { circleci } from "./circleci.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "chancery-circleci-"));
after(() => fs.rmSync(folder, { recursive: true }));

const token = tokenOf();
const skip = process.platform === "win32" && "the program is a shell script";

async function ask(script: string, audience = "sigstore"): Promise<string> {
  fs.writeFileSync(join(folder, "circleci"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const PATH = `${folder}:/usr/bin:/bin`;
  return circleci.token(audience, { environment: { PATH, CIRCLECI: "true" } });
}

test("the program is asked for the audience, without a shell", { skip }, async () => {
  assert.equal(await ask(`echo ${token}`), token);
  const words = await ask('printf "%s|" "$@"', `a"$(id);'`);
  assert.equal(words, `run|oidc|get|--claims|{"aud":"a\\"$(id);'"}|--root-issuer|`);
});

test(
  "a program that fails, floods or is not there is told, without its words",
  { skip },
  async () => {
    const unreadable = refuses("identity-token-unreadable", /circleci run oidc get/);
    for (const script of [`echo ${token} >&2; exit 3`, `echo ${token}; kill -9 $$`, "yes"]) {
      await assert.rejects(ask(script), (error: Error) => {
        return unreadable(error) && !inspect(error, { depth: 6 }).includes(token);
      });
    }
    const nowhere = { environment: { PATH: join(folder, "none"), CIRCLECI: "true" } };
    await assert.rejects(
      circleci.token("sigstore", nowhere),
      refuses("identity-token-unreadable", /ENOENT/),
    );
  },
);
