// SPDX-License-Identifier: Apache-2.0
// Logs on disk: checked, exported, indexed anew, mirrored. In a process of its own, as engines of
// logs have threads.
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { encodePublicKeyPem } from "@chancery/formats/crypto";
import { privateKeyFromPkcs8, type PrivateKey } from "@chancery/formats/crypto/node";
import {
  cosignatureVerifier,
  encodeVerifierKey,
  noteVerifier,
  parseSignedCheckpoint,
} from "@chancery/formats/note";
import { decodePemBlock } from "@chancery/formats/pem";
import { openLog } from "@chancery/log";
import { findStoredLog, type Stack, startStack } from "@chancery/server";
import { loopback } from "../../sign/test/loopback.ts";
import {
  envelope,
  hashedRekordV1,
  hashedRekordV2,
  intotoV1,
  newKey,
  statement,
} from "../../server/test/entries.ts";
import { World } from "./world.ts";

const world = new World();
const origin = "log.test";
let key: PrivateKey;
let vkey: string;

function serve(directory: string): Promise<Stack> {
  const dataDirectory = world.path(directory);
  const config = { log: { hostname: origin }, logging: { level: "silent" } } as const;
  return startStack({ dataDirectory, config, listen: "127.0.0.1:0" });
}

async function grow(directory: string, from: number, count: number): Promise<void> {
  const folder = world.path(`${directory}/log`);
  const limits = { tailEntriesMin: 256 };
  const log = await openLog({ folder, origin, signer: key, limits });
  const numbers = Array.from({ length: count }, (_, i) => from + i);
  await Promise.all(
    numbers.map((n) => log.append({ bytes: Buffer.from(`entry ${n}`), keys: new Uint8Array(16) })),
  );
  // Full bundles are written behind the commits.
  const full = log.head().size - (log.head().size % 256);
  for (let waited = 0; waited < 5000 && (await log.metrics()).bodySize < full; waited += 10) {
    await delay(10);
  }
  await log.close();
}

before(async () => {
  await (await serve("data")).close();
  const pem = world.read("data/keys/rekor-v2.pem");
  key = privateKeyFromPkcs8(decodePemBlock(pem, "PRIVATE KEY").bytes);
  const verifier = noteVerifier(origin, key.publicKey);
  vkey = encodeVerifierKey({ kind: "note", verifier });
  await grow("data", 0, 600);
});

async function ok(line: string): Promise<string> {
  const { code, stdout, stderr } = await world.run(line);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function fails(line: string, code: number, said: RegExp): Promise<string> {
  const failed = await world.run(line);
  assert.equal(failed.code, code, `${line}: ${failed.stderr}`);
  assert.match(failed.stderr, said);
  return failed.stdout;
}

/** A copy of the log to spoil. */
function copy(name: string): string {
  rmSync(world.path(name), { recursive: true, force: true });
  cpSync(world.path("data"), world.path(name), { recursive: true });
  return name;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

test("fsck proves a log that is whole, with the key of its directory", async () => {
  const text = await ok("log fsck data");
  assert.match(
    text,
    /^Origin: {5}log\.test\nSize: {7}600\nRoot hash: {2}[0-9a-f]{64}\nEntries: {4}600 proven up to the root\nTiles: {6}2 made anew and compared\nIndex: {6}\d+ records compared\nSignature: {2}verified\n$/,
  );
  const json = JSON.parse(await ok("log fsck data --output json"));
  assert.equal(json.version, 1);
  assert.deepEqual([json.ok, json.size, json.entries, json.problems], [true, 600, 600, []]);
  assert.equal(json.signatureChecked, true);
  assert.deepEqual(JSON.parse(await ok(`log fsck data --vkey ${vkey} --output json`)), json);
});

test("fsck checks also what does not say whose it is, and says that it was not told", async () => {
  const { code, stdout, stderr } = await world.run("log fsck data/log --output json");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /warning: nothing says whose log is in data\/log/);
  assert.deepEqual(JSON.parse(stdout).signatureChecked, false);
});

test("fsck ends with 1 and names each object that was changed", async () => {
  copy("spoilt");
  const objects = filesUnder(world.path("spoilt/log/objects"));
  const chosen = objects.filter((path) => /entries|tile/.test(path));
  assert.ok(chosen.length >= 4, chosen.join());
  for (const path of chosen) {
    const whole = readFileSync(path);
    const bytes = Buffer.from(whole);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(path, bytes);
    const { code, stdout, stderr } = await world.run("log fsck spoilt --output json");
    assert.equal(code, 1, `${path}: ${stderr}`);
    const { ok: whole_, problems, error } = JSON.parse(stdout);
    assert.ok(error?.code === "corrupt" || (whole_ === false && problems.length > 0), stdout);
    writeFileSync(path, whole);
  }
  const bundle = chosen.find((path) => /entries.*000/.test(path)) as string;
  rmSync(bundle);
  const text = await fails("log fsck spoilt", 1, /^spoilt: .*entries\/000.* is missing$/m);
  assert.match(text, /^Size: {7}600$/m);
});

test("fsck refuses a log of another key, and tells what is no log from what is held", async () => {
  const other = `other${vkey.slice(vkey.indexOf("+"))}`;
  await fails(`log fsck data --vkey ${other}`, 2, /verifier key/);
  const ed25519 = world.key("x", "ed25519").publicKey;
  const stranger = encodeVerifierKey({ kind: "note", verifier: noteVerifier(origin, ed25519) });
  await fails(`log fsck data --vkey ${stranger}`, 1, /no signature by the key of log\.test/);
  assert.ok(ed25519.type === "ed25519");
  const verifier = cosignatureVerifier("w", ed25519);
  const witness = encodeVerifierKey({ kind: "cosignature", verifier });
  await fails(`log fsck data --vkey ${witness}`, 2, /is a witness's key, not a log's/);
  for (const command of ["fsck", "reindex", "export"]) {
    const out = command === "export" ? " out" : "";
    await fails(`log ${command} nowhere${out}`, 2, /there is no log in \S*nowhere/);
    assert.equal(world.has("nowhere"), false);
    await fails(`log ${command}`, 2, /DIR/);
  }
  const stack = await serve("data");
  for (const line of ["fsck data", "reindex data", "export data out"]) {
    await fails(`log ${line}`, 3, /another process|is (?:held|open|in use|locked)/);
  }
  await stack.close();
});

test("export writes what a web server needs, and adds to it when run again", async () => {
  copy("growing");
  assert.match(
    await ok("log export growing out"),
    /^Exported 600 entries to out: \d+ files written\n$/,
  );
  const { checkpoint } = parseSignedCheckpoint(world.read("out/checkpoint"));
  assert.deepEqual([checkpoint.origin, checkpoint.size], [origin, 600n]);
  for (const name of ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001"]) {
    assert.ok(world.has(`out/${name}`), name);
  }
  await grow("growing", 600, 10);
  const json = JSON.parse(await ok("log export growing out --output json"));
  assert.deepEqual(json, {
    version: 1,
    origin,
    size: 610,
    checkpointSize: 610,
    files: 3,
    folder: "out",
  });
});

test("reindex repairs an index that is lost", async () => {
  copy("lost");
  rmSync(world.path("lost/log/objects/index"), { recursive: true, force: true });
  await fails("log fsck lost", 1, /reindex/);
  assert.match(await ok("log reindex lost"), /^Indexed 512 entries in full bundles; .*\n$/);
  assert.equal(JSON.parse(await ok("log reindex lost --output json")).entries, 512);
  await ok("log fsck lost");
});

test("follow mirrors a log step by step, and its copy is proven and exported as the log", async () => {
  let stack = await serve("data");
  const trust = "--trusted-root data/trusted_root.json";
  const follow = (): string => `log follow --once ${stack.url}/api/v2 mirror`;
  await fails(follow(), 2, /needs its key\nhint: pass --vkey/);
  await fails(`${follow()} --vkey ${vkey.replace("log.", "lag.")}`, 2, /verifier key/);
  assert.equal(world.has("mirror/mirror.json"), false);
  assert.match(
    await ok(`${follow()} ${trust}`),
    /^Mirrored 600 entries of log\.test, root [0-9a-f]{64}\n$/,
  );
  await stack.close();
  await grow("data", 600, 300);
  stack = await serve("data");
  const json = JSON.parse(await ok(`${follow()} --output json`));
  assert.deepEqual([json.origin, json.size, json.directory], [origin, 900, "mirror"]);
  await stack.close();
  await fails(follow(), 3, /checkpoint: /);
  const found = await findStoredLog(world.path("mirror"));
  assert.deepEqual([found.vkey, found.origin], [vkey, origin]);
  const checked = JSON.parse(await ok("log fsck mirror --output json"));
  assert.deepEqual([checked.size, checked.signatureChecked], [900, true]);
  assert.equal(checked.rootHash, json.rootHash);
  assert.equal(JSON.parse(await ok("log export mirror copied --output json")).size, 900);
  await fails(`${follow()} --vkey ${"x"}${vkey}`, 1, /the directory mirrors log\.test\+/);
});

test("a mirror is searched by what is in its entries, as the log itself is", async () => {
  const stack = await serve("searched");
  after(() => stack.close());
  const [mine, other] = [newKey(), newKey()];
  world.write("mine.pub", encodePublicKeyPem(mine.publicKey));
  world.write("other.pub", encodePublicKeyPem(other.publicKey));
  const artifact = Buffer.from("an artifact");
  world.write("artifact", artifact);
  const text = envelope([mine], statement("package"));
  for (const [api, proposed] of [
    ["v1", hashedRekordV1({ key: mine, artifact })],
    ["v2", hashedRekordV2({ key: other, artifact })],
    ["v1", intotoV1(mine, text)],
    ["v2", hashedRekordV2({ key: mine })],
  ] as const) {
    const body = JSON.stringify(proposed);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${stack.url}/api/${api}/log/entries`, {
      method: "POST",
      headers,
      body,
    });
    assert.equal(answer.status, 201, await answer.text());
  }
  const root = "--trusted-root searched/trusted_root.json";
  await ok(`log follow --once ${stack.url}/api/v2 found ${root}`);
  const ids = async (where: string, query: string): Promise<string[]> =>
    // A served log has its tree's id before each leaf hash.
    (await ok(`log search ${where} ${query}`))
      .trim()
      .split("\n")
      .map((id) => id.slice(-64));
  for (const [query, count] of [
    ["--public-key mine.pub", 3],
    ["--public-key other.pub", 1],
    ["--artifact artifact", 2],
    ["--artifact artifact --public-key other.pub --operator and", 1],
    ["--artifact artifact --public-key mine.pub", 4],
    ["--public-key mine.pub --until 2100-01-01T00:00:00Z --limit 2", 2],
  ] as const) {
    const served = await ids(`--rekor-server ${stack.url}`, query);
    assert.equal(served.length, count, query);
    assert.deepEqual(await ids("--data found", query), served, query);
  }
  await stack.close();
  assert.equal((await ids("--data searched", "--subject package")).length, 1);
  await fails("log search --data found --subject package", 1, /no matching entries found/);
  await fails("log search --data found --sha 00", 2, /is not a digest/);
  await fails("log search --data found --public-key mine.pub --since x", 2, /RFC 3339/);
  await fails("log search --data found --public-key mine.pub --pki-format pgp", 2, /pgp/);
  await fails("log search --data nowhere --public-key mine.pub", 2, /there is no log in/);
  await fails("log search --data found", 2, /must be specified/);
  const page = await world.run("log search --data found --public-key mine.pub --limit 1");
  const cursor = /pass (--cursor \S+)/.exec(page.stderr)?.[1] ?? assert.fail(page.stderr);
  assert.equal((await ids("--data found", `--public-key mine.pub ${cursor}`)).length, 2);
  // The attestation beside the entry is held to the digest in it.
  assert.equal(JSON.parse(await ok("log fsck searched --output json")).ok, true);
});

test("follow ends with 1 and both checkpoints where the log contradicts itself", async () => {
  // A static copy is a log; another log with the same key takes its place.
  copy("first");
  await ok("log export first served");
  const files = await loopback((request) => {
    const path = `served${request.path}`;
    return world.has(path) ? { body: readFileSync(world.path(path)) } : { status: 404 };
  });
  const line = `log follow --once ${files.url} followed --vkey ${vkey}`;
  await ok(line);
  rmSync(world.path("served"), { recursive: true });
  rmSync(world.path("first/log"), { recursive: true });
  const signature = "\\n\\n— log\\.test \\S+\\n";
  for (const [from, count, said] of [
    [5000, 700, "signed two checkpoints that are not of one log"],
    [6000, 400, "does not prove that its newest checkpoint extends the known one"],
  ] as const) {
    await grow("first", from, count);
    await ok("log export first served");
    const size = from === 5000 ? 700 : 1100;
    const notes = `log\\.test\\n900\\n\\S+${signature}\\nlog\\.test\\n${size}\\n\\S+${signature}`;
    await fails(line, 1, new RegExp(`log\\.test ${said}.*:\\n${notes}`));
  }
  const { stdout } = await world.run(`${line} --output json`);
  assert.equal(JSON.parse(stdout).error.code, "unverified");
  const checked = JSON.parse(await ok("log fsck followed --output json"));
  assert.deepEqual([checked.size, checked.signatureChecked], [900, true]);
});
