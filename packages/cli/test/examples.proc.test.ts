// SPDX-License-Identifier: Apache-2.0
// Every example that `--help` shows runs as printed, in a folder with the files it names.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { generateKeyPairSync } from "node:crypto";
import { commands } from "../src/commands/index.ts";
import { type Command, type Group, isGroup } from "../src/framework/index.ts";
import { writeInstanceFiles } from "./instance-files.ts";
import { World } from "./world.ts";

const program = fileURLToPath(new URL("../bin/chancery.js", import.meta.url));
const env = { COSIGN_PASSWORD: "hello" };

/** Files that examples may name; each example starts from these alone. */
const prepared = new World();
prepared.write("chancery", `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
chmodSync(prepared.path("chancery"), 0o755);
prepared.write("release.tar.gz", "the release");
prepared.write("sbom.json", '{"spdxVersion":"SPDX-2.3"}');
writeInstanceFiles(prepared);
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
prepared.write("openssl.pem", privateKey.export({ type: "pkcs8", format: "pem" }));
prepared.write(
  "statement.json",
  JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "a", digest: { sha256: "00".repeat(32) } }],
    predicateType: "https://example.com/predicate",
  }),
);
for (const line of [
  "generate-key-pair --output-key-prefix cosign",
  "sign-blob --key cosign.key --output-signature release.sig release.tar.gz",
  "attest-blob --key cosign.key --type spdxjson --predicate sbom.json release.tar.gz",
]) {
  const { code, stderr } = await prepared.run(line, { env });
  assert.equal(code, 0, stderr);
}

/** What an example makes, which must not be there before. */
const made: Readonly<Record<string, readonly string[]>> = {
  "generate-key-pair": ["cosign.key", "cosign.pub"],
  "sign-blob": ["release.tar.gz.sigstore.json"],
  "attest-blob": ["release.tar.gz.att.sigstore.json"],
};

function all(node: Command | Group): Command[] {
  return isGroup(node) ? node.commands.flatMap(all) : [node];
}

for (const command of all(commands)) {
  for (const { about, line } of command.examples) {
    test(`example of ${command.name}: ${about}`, () => {
      const world = new World();
      const skip = new Set((made[command.name] ?? []).map((name) => prepared.path(name)));
      cpSync(prepared.folder, world.folder, {
        recursive: true,
        filter: (source) => !skip.has(source),
      });
      writeFileSync(world.path("example.sh"), `set -e\n${line}\n`);
      const { status, stderr } = spawnSync("bash", ["example.sh"], {
        cwd: world.folder,
        env: {
          ...env,
          HOME: world.folder,
          PATH: `${world.folder}:${dirname(process.execPath)}:${process.env["PATH"]}`,
        },
        encoding: "utf8",
        input: "",
      });
      assert.equal(status, 0, `${line}\n${stderr}`);
    });
  }
}
