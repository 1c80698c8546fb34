// SPDX-License-Identifier: Apache-2.0
// rekor-cli and `chancery up` about keys that are in certificates: what is uploaded with either is
// found by e-mail address, by certificate, by the bare key and by digest, with either program.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { LogServer } from "./log-server.ts";
import { peer } from "./peers.ts";
import { must, type Outcome, run } from "./run-peer.ts";

const ours = fileURLToPath(new URL("../packages/cli/bin/chancery.js", import.meta.url));
const email = "Release@Example.com";
const folder = mkdtempSync(join(tmpdir(), "chancery-certificates-"));
const log = new LogServer(join(folder, "server"));
const artifact = "what is released\n";
const digest = createHash("sha256").update(artifact).digest("hex");

before(async () => {
  await log.start();
  writeFileSync(join(folder, "artifact.txt"), artifact);
  openssl("ecparam -name prime256v1 -genkey -noout -out key.pem");
  openssl("ec -in key.pem -pubout -out key.pub");
  openssl("ecparam -name prime256v1 -genkey -noout -out ca.pem");
  openssl("req -x509 -new -key ca.pem -subj /CN=CA -days 30 -out ca.crt");
  openssl("req -new -key key.pem -subj /CN=leaf -out leaf.csr");
  const usage = "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning";
  writeFileSync(join(folder, "leaf.ext"), `subjectAltName=email:${email}\n${usage}\n`);
  openssl(
    "x509 -req -in leaf.csr -CA ca.crt -CAkey ca.pem -days 9 -extfile leaf.ext -out leaf.crt",
  );
  const chain = readFileSync(join(folder, "leaf.crt"), "utf8") + read("ca.crt");
  writeFileSync(join(folder, "chain.crt"), chain);
  openssl("dgst -sha256 -sign key.pem -out artifact.sig artifact.txt");
});

after(async () => {
  await log.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe("rekor-cli, with certificates", () => {
  const uuids = new Map<string, string>();

  for (const type of ["hashedrekord", "rekord"]) {
    for (const key of ["key.pub", "leaf.crt", "chain.crt"]) {
      test(`uploads ${type} with ${key}, and verifies it`, () => {
        const about = ["--type", type, "--pki-format", "x509", "--artifact", "artifact.txt"];
        const signed = [...about, "--signature", "artifact.sig", "--public-key", key];
        const uploaded = rekorJson<{ Location: string; AlreadyExists: boolean }>([
          "upload",
          ...signed,
        ]);
        assert.equal(uploaded.AlreadyExists, false);
        const uuid = uploaded.Location.split("/").at(-1) ?? "";
        uuids.set(`${type} ${key}`, uuid);
        const { EntryUUID } = rekorJson<{ EntryUUID: string }>(["verify", ...signed]);
        assert.equal(EntryUUID, uuid);
      });
    }
  }

  const certified = (name: string): boolean => name.endsWith(".crt");
  const searches: [string[], (name: string) => boolean][] = [
    [["--email", email], certified],
    [["--email", email.toLowerCase()], certified],
    [["--subject", email], certified],
    [["--public-key", "leaf.crt"], (name) => name.endsWith("leaf.crt")],
    [["--public-key", "chain.crt"], (name) => name.endsWith("chain.crt")],
    [["--public-key", "key.pub"], () => true],
    [["--sha", digest], () => true],
    [["--sha", `sha256:${digest}`], () => true],
    [["--artifact", "artifact.txt"], () => true],
    [["--operator", "and", "--email", email, "--sha", digest], certified],
  ];
  for (const [args, expected] of searches) {
    test(`searches ${args.join(" ").slice(0, 60)}`, () => {
      const { UUIDs } = rekorJson<{ UUIDs: string[] }>(["search", ...args]);
      const wanted = [...uuids].filter(([name]) => expected(name)).map(([, uuid]) => uuid);
      assert.deepEqual(UUIDs.toSorted(), wanted.toSorted());
    });
  }

  test("finds nothing for another address", () => {
    const outcome = rekor(["search", "--email", "nobody@example.com"]);
    assert.notEqual(outcome.status, 0);
    assert.match(outcome.stderr, /no matching entries found/);
  });

  test("chancery log finds what rekor-cli finds", () => {
    for (const args of [
      ["--email", email],
      ["--public-key", "key.pub"],
      ["--sha", digest],
    ]) {
      const { UUIDs } = rekorJson<{ UUIDs: string[] }>(["search", ...args]);
      const env = { REKOR_REKOR_SERVER: log.url, REKOR_FORMAT: "json", HOME: folder };
      const found = must(process.execPath, [ours, "log", "search", ...args], { cwd: folder, env });
      const mine = (JSON.parse(found.stdout) as { UUIDs: string[] }).UUIDs;
      assert.deepEqual(mine.toSorted(), UUIDs.toSorted(), args.join(" "));
    }
  });
});

function read(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

function openssl(line: string): void {
  must(peer("openssl").path, line.split(" "), { cwd: folder });
}

function rekor(args: readonly string[]): Outcome {
  const server = ["--rekor_server", log.url, "--retry", "0", "--format", "json"];
  return run(peer("rekor-cli").path, [...args, ...server], { cwd: folder, env: { HOME: folder } });
}

function rekorJson<T>(args: readonly string[]): T {
  const outcome = rekor(args);
  assert.equal(outcome.status, 0, `${args.join(" ")}\n${outcome.stdout}${outcome.stderr}`);
  return JSON.parse(outcome.stdout) as T;
}
