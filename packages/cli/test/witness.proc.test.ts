// SPDX-License-Identifier: Apache-2.0
// A witness and a log as processes of their own: the log's checkpoints are cosigned, or kept back.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { decodeBundle } from "@chancery/formats/bundle";
import { sha256 } from "@chancery/formats/crypto";
import { parseSignedCheckpoint, parseVerifierKey, verifyCosignature } from "@chancery/formats/note";
import { hashedRekordV2 } from "../../server/test/entries.ts";
import { World } from "./world.ts";

const program = fileURLToPath(new URL("../bin/chancery.js", import.meta.url));
const world = new World();
world.key("k");
world.write("f", "the content\n");
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill("SIGKILL");
});

interface Service {
  readonly url: string;
  readonly vkey: string;
  readonly end: () => Promise<void>;
}

let count = 0;

async function run(line: string): Promise<Service> {
  const [out, err] = [`out${++count}`, `err${count}`];
  const files = [out, err].map((name) => openSync(world.path(name), "w"));
  const child = spawn(process.execPath, [program, ...line.split(" "), "--output", "json"], {
    cwd: world.folder,
    env: { PATH: process.env["PATH"], HOME: world.folder },
    stdio: ["ignore", files[0], files[1]],
  });
  running.add(child);
  files.forEach(closeSync);
  for (let waited = 0; waited < 20_000 && child.exitCode === null; waited += 20) {
    if (/^Ready at /m.test(world.read(err))) {
      const said = world.read(out).split("\n");
      const result = said.find((text) => text.includes('"version":1')) ?? assert.fail(said.join());
      const { url, vkey } = JSON.parse(result);
      const end = async (): Promise<void> => {
        child.kill("SIGTERM");
        await once(child, "exit");
        running.delete(child);
        assert.equal(child.exitCode, 0, world.read(err));
      };
      return { url, vkey, end };
    }
    await delay(20);
  }
  throw new Error(`exit ${child.exitCode}: ${world.read(err)}${world.read(out)}`);
}

const trust =
  "--signing-config data/signing_config.v0.2.json --trusted-root data/trusted_root.json";
const sign = `sign-blob --key k.key -y ${trust} f`;

/** The checkpoint in the bundle that signing makes. */
async function signed(): Promise<string> {
  const { code, stderr } = await world.run(sign);
  assert.equal(code, 0, stderr);
  const verify = "verify-blob --key k.pub --trusted-root data/trusted_root.json --offline f";
  const verified = await world.run(verify);
  assert.equal(verified.code, 0, verified.stderr);
  const [entry] = decodeBundle(world.read("f.sigstore.json")).tlogEntries;
  return entry?.inclusionProof?.checkpoint ?? assert.fail("no checkpoint");
}

async function checkpointOf({ url }: Service): Promise<string> {
  return (await fetch(`${url}/api/v2/checkpoint`)).text();
}

function cosignatures(checkpoint: string, vkey: string): string {
  const { note } = parseSignedCheckpoint(checkpoint);
  return verifyCosignature(note, parseVerifierKey(vkey).verifier).status;
}

test("a witness cosigns what a log publishes; without it the log goes on, or not, as told", async () => {
  const first = await run("up --data data --listen 127.0.0.1:0");
  const { vkey } = first;
  await first.end();
  const witness = await run(`witness --data w --listen 127.0.0.1:0 --name w.test --log ${vkey}`);
  assert.equal(world.mode("w/witness.pem"), 0o600);
  world.write("policy", `witness w ${witness.vkey} ${witness.url}\nquorum w\n`);
  const up = "up --data data --listen 127.0.0.1:0 --witness-policy policy";

  const log = await run(up);
  assert.equal(log.vkey, vkey);
  for (let i = 0; i < 3; i++) assert.equal(cosignatures(await signed(), witness.vkey), "verified");
  const published = await checkpointOf(log);
  assert.equal(cosignatures(published, witness.vkey), "verified");
  assert.equal(parseSignedCheckpoint(published).checkpoint.size, 3n);
  const metrics = await (await fetch(`${log.url}/metrics`)).text();
  assert.match(metrics, /^chancery_witness_quorum_met 1$/m);
  await log.end();

  const port = new URL(witness.url).port;
  const strict = await run(`${up} --witness-required`);
  await witness.end();
  const refused = await world.run(`${sign} --timeout 2s`);
  assert.notEqual(refused.code, 0);
  const again = await run(`witness --data w --listen 127.0.0.1:${port} --log ${vkey}`);
  assert.equal(again.vkey, witness.vkey);
  assert.equal(cosignatures(await signed(), witness.vkey), "verified");
  const last = await checkpointOf(strict);
  assert.equal(cosignatures(last, witness.vkey), "verified");
  await again.end();
  await strict.end();

  const alone = await run(`${up} --witness-required`);
  assert.equal(await checkpointOf(alone), last, "what was shown last is shown still");
  const kept = await world.run(`${sign} --timeout 2s`);
  assert.notEqual(kept.code, 0);
  assert.equal(await checkpointOf(alone), last);
  const back = await run(`witness --data w --listen 127.0.0.1:${port} --log ${vkey}`);
  assert.equal(cosignatures(await signed(), witness.vkey), "verified");
  const newest = await checkpointOf(alone);
  await back.end();
  await alone.end();

  const bare = await run("up --data data --listen 127.0.0.1:0");
  assert.equal(await checkpointOf(bare), newest, "also without a policy");
  await bare.end();
  const loose = await run(up);
  assert.equal(await checkpointOf(loose), newest);
  assert.equal(cosignatures(await signed(), witness.vkey), "absent");
  await loose.end();
});

test("the operators of two logs witness each other's", async () => {
  const names = ["one", "two"] as const;
  const up = (name: string): string =>
    `up --data ${name} --listen 127.0.0.1:0 --config ${name}.yaml`;
  const logs = new Map<string, string>();
  for (const name of names) {
    world.write(`${name}.yaml`, `log: {hostname: ${name}.test}\n`);
    const log = await run(up(name));
    logs.set(name, log.vkey);
    await log.end();
  }
  const running: Service[] = [];
  const other = { one: "two", two: "one" } as const;
  const witnesses = new Map<string, Service>();
  for (const name of names) {
    // Run by whoever runs the log of that name, for the other one.
    const key = logs.get(other[name]);
    const line = `witness --data ${name}/w --listen 127.0.0.1:0 --name w.${name}.test --log ${key}`;
    const witness = await run(line);
    witnesses.set(name, witness);
    running.push(witness);
  }
  for (const name of names) {
    const { url, vkey } = witnesses.get(other[name]) as Service;
    world.write(`${name}.policy`, `witness it ${vkey} ${url}\nquorum it\n`);
    const log = await run(`${up(name)} --witness-policy ${name}.policy --witness-required`);
    running.push(log);
    const entry = JSON.stringify(hashedRekordV2());
    const answer = await fetch(`${log.url}/api/v2/log/entries`, { method: "POST", body: entry });
    assert.equal(answer.status, 201, await answer.text());
    const checkpoint = await checkpointOf(log);
    assert.equal(parseSignedCheckpoint(checkpoint).checkpoint.origin, `${name}.test`);
    assert.equal(cosignatures(checkpoint, vkey), "verified");
    // What a monitor is shown by the witness is what the log shows.
    const origin = encodeHex(sha256(utf8Bytes(`${name}.test`)));
    assert.equal(await (await fetch(`${url}/${origin}/checkpoint`)).text(), checkpoint);
    const own = await fetch(`${witnesses.get(name)?.url}/${origin}/checkpoint`);
    assert.equal(own.status, 404, "nobody witnesses their own");
  }
  for (const service of running.toReversed()) await service.end();
});

test("mistakes are told before anything is served", async () => {
  const policy = await world.run("up --data data2 --listen 127.0.0.1:0 --witness-policy none");
  assert.deepEqual([policy.code, /the witness policy .*none/.test(policy.stderr)], [2, true]);
  world.write("bad", "nonsense\n");
  const bad = await world.run("up --data data2 --listen 127.0.0.1:0 --witness-policy bad");
  assert.deepEqual([bad.code, /policy line 1/.test(bad.stderr)], [2, true], bad.stderr);
  for (const [line, said] of [
    ["witness", /a witness needs a log to witness\nhint: --log VKEY/],
    ["witness --log nonsense", /"nonsense" is no log's key/],
    ["witness --log nonsense --output json", /"nonsense" is no log's key/],
  ] as const) {
    const { code, stderr } = await world.run(line);
    assert.equal(code, 2, stderr);
    assert.match(stderr, said);
  }
});
