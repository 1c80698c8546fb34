// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { World } from "./world.ts";

const world = new World();
const shells = ["bash", "zsh", "fish", "powershell"] as const;
const scripts = new Map<string, string>();
for (const shell of shells) scripts.set(shell, (await world.run(`completion ${shell}`)).stdout);

test("each shell's script names every command and the flags that are served", () => {
  for (const [shell, script] of scripts) {
    for (const word of ["sign-blob", "verify-blob-attestation", "generate-key-pair"]) {
      assert.ok(script.includes(word), `${shell} ${word}`);
    }
    assert.ok(script.includes("certificate-identity-regexp"), shell);
    assert.ok(!script.includes("certificate-chain"), shell);
  }
  assert.match(scripts.get("fish") ?? "", /-l output -r -f -a 'text json' -d/);
});

test("an unknown shell is refused", async () => {
  const { code, stderr } = await world.run("completion tcsh");
  assert.equal(code, 2);
  assert.match(stderr, /hint: chancery completion bash\|zsh\|fish\|powershell/);
});

function complete(...words: readonly string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const ask = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _chancery; echo "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", [
    "--norc",
    "-c",
    `${scripts.get("bash")}\n${ask}`,
  ]);
  assert.equal(status, 0, String(stderr));
  assert.equal(String(stderr), "");
  return String(stdout).trim().split(" ");
}

test("bash completes commands, flags and values", () => {
  assert.deepEqual(complete("chancery", "sign"), ["sign-blob", "signing-config"]);
  assert.deepEqual(complete("chancery", "sign-blob", "--pass"), ["--password-file"]);
  assert.deepEqual(complete("chancery", "verify-blob", "--level", "key"), ["keyed", "keyless"]);
  assert.deepEqual(complete("chancery", "verify-blob", "f", "--output", ""), ["text", "json"]);
  assert.deepEqual(complete("chancery", "sign-blob", "fi"), [""]);
});
