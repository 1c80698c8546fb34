// SPDX-License-Identifier: Apache-2.0
// Every example that `--help` shows runs as printed, in a folder with the files it names.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { generateKeyPairSync } from "node:crypto";
import { decodeBundle } from "@chancery/formats/bundle";
import { encodeHex } from "@chancery/formats/bytes";
import { decodePublicKeyPem, defaultAlgorithm, sha256 } from "@chancery/formats/crypto";
import { startStack } from "@chancery/server";
import { encodePendingEntry } from "@chancery/sign";
import { commands } from "../src/commands/index.ts";
import { type Command, type Group, isGroup } from "../src/framework/index.ts";
import { signInAs } from "../../server/test/idp/dev-sign-in.ts";
import { writeInstanceFiles } from "./instance-files.ts";
import { World } from "./world.ts";

const program = fileURLToPath(new URL("../bin/chancery.js", import.meta.url));
// Ports are taken by whoever runs on this machine: `chancery up` takes one that is free.
const env = { COSIGN_PASSWORD: "hello", CHANCERY_LISTEN: "127.0.0.1:0" };

/** Files that examples may name; each example starts from these alone. */
const prepared = new World();
prepared.write("chancery", `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
chmodSync(prepared.path("chancery"), 0o755);
prepared.write("witnesses.policy", "quorum none\n");
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

const server = await startLog();
const { content } = decodeBundle(prepared.read("release.tar.gz.sigstore.json"));
assert.ok(content.kind === "message");
const publicKey = decodePublicKeyPem(prepared.read("cosign.pub"));
const algorithm = defaultAlgorithm(publicKey);
const logs = [{ url: server.url, api: 1 }] as const;
const signatureSha256 = encodeHex(sha256(content.message.signature));
const pending = encodePendingEntry({ signatureSha256, publicKey, algorithm, logs });
prepared.write("release.tar.gz.sigstore.json.pending.json", pending);
prepared.write("release.zip", "the release, zipped");
prepared.write("token.jwt", await signInAs(`${server.url}/oidc`, "alice@example.com"));
// The log of examples is at http://127.0.0.1:3000, this one elsewhere.
prepared.write(
  "elsewhere.mjs",
  `const { fetch } = globalThis;
globalThis.fetch = (url, init) =>
  fetch(String(url).replace("http://127.0.0.1:3000", "${server.url}"), init);
`,
);
mkdirSync(prepared.path("chancery-data"));
for (const name of ["trusted_root.json", "signing_config.v0.2.json"]) {
  prepared.write(`chancery-data/${name}`, readFileSync(server.world.path(`data/${name}`)));
}
prepared.write("password.txt", "correct horse battery\n");
const addAlice = "user add alice@example.com --password-file password.txt";
assert.equal((await prepared.run(addAlice, { env })).code, 0);
for (const file of ["a.txt", "release.tar.gz"]) {
  const sign = `sign-blob --key cosign.key -y --bundle x.json --output-signature ${file}.sig ${file}`;
  assert.equal((await prepared.run(sign, { env })).code, 0);
}
for (const words of [
  "upload --artifact a.txt --signature a.txt.sig --public-key cosign.pub",
  "upload --type rekord --artifact a.txt --signature a.txt.sig --public-key cosign.pub",
]) {
  const { code, stderr } = await prepared.run(`log ${words} --rekor-server ${server.url}`, {
    env: { HOME: prepared.folder },
  });
  assert.equal(code, 0, stderr);
}

// A log that nobody serves any more.
const stopped = await startStack({
  dataDirectory: prepared.path("stopped-data"),
  listen: "127.0.0.1:0",
  config: { logging: { level: "silent" } },
});
await stopped.close();
for (const name of ["ann", "bob", "eve"]) prepared.key(name);
prepared.write("root.pem", readFileSync(prepared.path("stopped-data/keys/tuf-root.pem")));
for (const line of [
  "trust next-root --data stopped-data --out next-root.json",
  "trust sign-root next-root.json --key root.pem",
]) {
  const { code, stderr } = await prepared.run(line);
  assert.equal(code, 0, stderr);
}

/** `chancery up` in a process of its own, as the examples' processes block this one. */
async function startLog(): Promise<{ readonly url: string; readonly world: World }> {
  const world = new World();
  const out = openSync(world.path("out"), "w");
  const args = [
    program,
    "up",
    "--data",
    "data",
    "--output",
    "json",
    "--listen",
    "127.0.0.1:0",
    "--dev",
  ];
  const child = spawn(process.execPath, args, { cwd: world.folder, stdio: ["ignore", out, out] });
  after(async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  });
  for (let waited = 0; waited < 20_000 && child.exitCode === null; waited += 50) {
    const url = /^Ready at (\S+);/m.exec(world.read("out"))?.[1];
    if (url !== undefined) return { url, world };
    await delay(50);
  }
  throw new Error(`chancery up did not start: ${world.read("out")}`);
}

/** A line that serves until it is stopped, started and stopped. */
function startedAndStopped(line: string): string {
  return `${line} 2> said & server=$!
for i in $(seq 200); do grep -q '^Ready at' said && break; sleep 0.1; done
grep '^Ready at' said; kill -TERM $server; wait $server`;
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
      const serves = ["up", "witness"].includes(command.name);
      const script = serves ? startedAndStopped(line) : line;
      writeFileSync(world.path("example.sh"), `set -e\n${script}\n`);
      const { status, stderr } = spawnSync("bash", ["example.sh"], {
        cwd: world.folder,
        env: {
          ...env,
          HOME: world.folder,
          NODE_OPTIONS: `--import=${world.path("elsewhere.mjs")}`,
          PATH: `${world.folder}:${dirname(process.execPath)}:${process.env["PATH"]}`,
        },
        encoding: "utf8",
        input: "",
      });
      assert.equal(status, 0, `${line}\n${stderr}`);
    });
  }
}
