// SPDX-License-Identifier: Apache-2.0
// The commands about logs, and signing at level `logged`, against our own Rekor.
import assert from "node:assert/strict";
import { createHash, sign as opensslSign } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { decodeBundle } from "@chancery/formats/bundle";
import { encodePublicKeyPem } from "@chancery/formats/crypto";
import { encodePem } from "@chancery/formats/pem";
import { assembleTrustedRoot, describeLog, encodeTrustedRoot } from "@chancery/formats/trust";
import { hostname, startRekor, type TestServer, treeId } from "../../server/test/rekor-server.ts";
import { loopback, type TestRequest } from "../../sign/test/loopback.ts";
import { type InvokeOptions, World } from "./world.ts";

const world = new World();
const content = "the content\n";
let server: TestServer;

before(async () => {
  server = await startRekor();
  const key = world.key("k");
  world.key("other");
  world.write("f", content);
  world.write("f.sig", opensslSign("sha256", Buffer.from(content), pemOf(key)));
  const validFor = { start: new Date(0) };
  const baseUrl = `https://${hostname}`;
  const { v1Key, v2Key } = server;
  const root = assembleTrustedRoot({
    tlogs: [
      describeLog({ baseUrl, publicKey: v1Key.publicKey, validFor }),
      describeLog({ baseUrl, publicKey: v2Key.publicKey, validFor, origin: hostname }),
    ],
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  });
  world.write("root.json", encodeTrustedRoot(root));
  world.write("none.json", encodeTrustedRoot({ ...root, tlogs: [] }));
  world.write("rekor.pub", encodePublicKeyPem(v1Key.publicKey));
});
after(() => server.close());

function pemOf(key: { toPkcs8(): Uint8Array }): string {
  return encodePem("PRIVATE KEY", key.toPkcs8());
}

async function log(line: string, options: InvokeOptions = {}) {
  const words = line.split(" ").map((word) => word.replace("URL", server.url));
  const home = { HOME: world.folder, ...options.env };
  const url = /--rekor-server /.test(line) ? [] : ["--rekor-server", server.url];
  return world.run(["log", ...words, ...url], { ...options, env: home });
}

async function ok(line: string, options: InvokeOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await log(line, options);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function fails(line: string, code: number, said: RegExp, options: InvokeOptions = {}) {
  const failed = await log(line, options);
  assert.equal(failed.code, code, `${line}: ${failed.stderr}`);
  assert.match(failed.stderr, said);
  assert.equal(failed.stdout, "");
}

const artifactOf = "--artifact f --signature f.sig --public-key k.pub";
/** Uploads once; the id of the entry. */
async function uploaded(): Promise<string> {
  const { Location } = JSON.parse(await ok(`upload ${artifactOf} --format json`));
  return Location.split("/").at(-1);
}

describe("signing with our Rekor", () => {
  for (const version of [1, 2]) {
    for (const flag of [
      "ecdsa-sha2-256-nistp256",
      "ecdsa-sha2-384-nistp384",
      "ecdsa-sha2-512-nistp521",
      "ed25519",
      "rsa-sign-pkcs1-2048-sha256",
    ]) {
      test(`a file signed with ${flag} is logged by v${version} and verifies offline`, async () => {
        world.key("s", flag);
        const to = `--rekor-url ${server.url} --rekor-version ${version} --trusted-root root.json`;
        const { code, stderr } = await world.run(`sign-blob --key s.key -y ${to} f`);
        assert.equal(code, 0, stderr);
        const line = /\n {2}chancery (.*)\n$/.exec(stderr)?.[1] ?? "";
        const verified = await world.run(`${line} --offline`);
        assert.equal(verified.code, 0, verified.stderr);
        const other = await world.run(`${line.replace("root.json", "none.json")} --offline`);
        assert.match(other.stderr, /log-unknown/);
      });
    }

    test(`a statement is logged by v${version} and verifies offline`, async () => {
      for (const flag of ["ecdsa-sha2-256-nistp256", "ed25519"]) {
        world.key("s", flag);
        world.write("p.json", "{}");
        const to = `--rekor-url ${server.url} --rekor-version ${version} --trusted-root root.json`;
        const line = `attest-blob --key s.key -y --predicate p.json ${to} --type https://e.com/t f`;
        const { code, stderr } = await world.run(line);
        assert.equal(code, 0, stderr);
        const verify = /\n {2}chancery (.*)\n$/.exec(stderr)?.[1] ?? "";
        assert.equal((await world.run(verify)).code, 0);
      }
    });
  }

  test("a signature that is the same each time is logged once", async () => {
    world.key("rsa", "rsa-sign-pkcs1-2048-sha256");
    const indexes: unknown[] = [];
    for (const version of [1, 1, 2, 2]) {
      const to = `--rekor-url ${server.url} --rekor-version ${version} --trusted-root root.json`;
      const { code, stderr } = await world.run(`sign-blob --key rsa.key -y ${to} f`);
      assert.equal(code, 0, stderr);
      indexes.push(decodeBundle(world.read("f.sigstore.json")).tlogEntries[0]?.logIndex);
    }
    assert.equal(indexes[0], indexes[1]);
    assert.equal(indexes[2], indexes[3]);
    assert.notEqual(indexes[1], indexes[2]);
  });
});

describe("log upload", () => {
  test("says where the entry is, in rekor-cli's words and in its JSON", async () => {
    world.write("g", "another");
    world.write("g.sig", opensslSign("sha256", Buffer.from("another"), world.read("k.key")));
    const line = "upload --artifact g --signature g.sig --public-key k.pub";
    const text = await ok(line);
    const path = "/api/v1/log/entries/[0-9a-f]{80}";
    const created = new RegExp(
      `^Created entry at index (\\d+), available at: ${server.url}${path}\n$`,
    );
    assert.match(text, created);
    const index = Number(created.exec(text)?.[1]);
    assert.match(
      await ok(line),
      new RegExp(`^Entry already exists; available at: ${server.url}${path}\n$`),
    );
    const json = JSON.parse(await ok(`${line} --format json`));
    assert.deepEqual(Object.keys(json), ["AlreadyExists", "Location", "Index"]);
    assert.equal(json.AlreadyExists, true);
    assert.equal(json.Index, index);
    const own = JSON.parse(await ok(`${line} --output json`));
    assert.equal(own.version, 1);
    assert.equal(own.Location, json.Location);
  });

  test("takes a digest instead of the artifact, a signature in base64, a certificate's key", async () => {
    const id = await uploaded();
    const digest = createHash("sha256").update(content).digest("hex");
    const others = "--signature f.sig --public-key k.pub --format json";
    for (const hash of [digest, `sha256:${digest}`]) {
      assert.match(await ok(`upload --artifact-hash ${hash} ${others}`), new RegExp(id));
    }
    const signature = Buffer.from(world.read("f.sig"), "latin1");
    assert.ok(signature.length > 0);
    const printed = opensslSign("sha256", Buffer.from(content), world.read("k.key"));
    world.write("b64.sig", `${printed.toString("base64")}\n`);
    await ok("upload --artifact f --signature b64.sig --public-key k.pub");
  });

  test("takes the other kinds, and ready entries", async () => {
    const rekord = JSON.parse(await ok(`upload --type rekord ${artifactOf} --format json`));
    assert.equal(rekord.AlreadyExists, false);
    const signed = await world.run(
      "attest-blob --key k.key -y --predicate p.json --bundle a.json f",
    );
    assert.equal(signed.code, 0, signed.stderr);
    world.write("e.json", JSON.stringify(world.json("a.json").dsseEnvelope));
    const envelope = "--artifact e.json --public-key k.pub --format json";
    for (const type of ["dsse", "dsse:0.0.1", "intoto", "intoto:0.0.2", "intoto:0.0.1"]) {
      await ok(`upload --type ${type} ${envelope}`);
    }
    const { Location } = JSON.parse(await ok(`upload ${artifactOf} --format json`));
    const leaf = JSON.parse(await ok(`get --uuid ${Location.split("/").at(-1)} --format json`));
    const spec = leaf.Body.HashedRekordObj;
    world.write("entry.json", JSON.stringify({ kind: "hashedrekord", apiVersion: "0.0.1", spec }));
    const again = JSON.parse(await ok("upload --entry entry.json --format json"));
    assert.deepEqual([again.AlreadyExists, again.Location], [true, Location]);
  });

  test("what the log refuses is told in its words", async () => {
    const line = "upload --artifact f --signature f.sig --public-key other.pub";
    await fails(line, 1, /answers 400: .*verifying signature: invalid signature/);
    await fails("upload --artifact p.json --signature f.sig --public-key k.pub", 1, /answers 400/);
  });

  test("what is missing or makes no sense is told before anything is sent", async () => {
    const cases: readonly [string, RegExp][] = [
      ["upload", /needs --signature FILE/],
      ["upload --signature f.sig --public-key k.pub", /either 'entry' or 'artifact'/],
      ["upload --artifact f --signature f.sig", /needs --public-key FILE/],
      ["upload --artifact none --signature f.sig --public-key k.pub", /none: no such file/],
      ["upload --artifact f --signature f.sig --public-key none.pub", /none\.pub: no such file/],
      [`upload --type nonsense ${artifactOf}`, /is not one of hashedrekord, rekord, dsse, intoto/],
      [`upload --type rekord:9 ${artifactOf}`, /does not support version 9/],
      [`upload --type dsse ${artifactOf}`, /DSSE envelope/],
      [`upload --pki-format pgp ${artifactOf}`, /takes --pki-format x509 alone/],
      [`upload --artifact-hash abc ${artifactOf}`, /not a SHA-2 digest in hex/],
      [`upload ${artifactOf} --public-key other.pub`, /takes one --public-key, not 2/],
      ["upload --entry f", /entry/],
      ["upload --entry p.json --aad AA==", /--aad cannot be used here/],
      [`upload ${artifactOf} --retry many`, /--retry is "many"/],
      [`upload ${artifactOf} --rekor-server localhost`, /is not an http or https URL/],
      [`upload ${artifactOf} --trusted-root f --rekor-server URL`, /./],
    ];
    const before = server.log.head().size;
    for (const [line, said] of cases) await fails(line, 2, said);
    assert.equal(server.log.head().size, before);
  });
});

describe("log get", () => {
  test("prints an entry by id, by leaf hash and by index, as rekor-cli does", async () => {
    const id = await uploaded();
    const json = JSON.parse(await ok(`get --uuid ${id} --format json`));
    assert.deepEqual(Object.keys(json), [
      "Attestation",
      "AttestationType",
      "Body",
      "LogIndex",
      "IntegratedTime",
      "UUID",
      "LogID",
    ]);
    assert.equal(json.UUID, id);
    assert.equal(json.Body.HashedRekordObj.data.hash.algorithm, "sha256");
    for (const line of [
      `--uuid ${id.slice(16)}`,
      `--uuid ${id.toUpperCase()}`,
      `--log-index ${json.LogIndex}`,
    ]) {
      assert.deepEqual(JSON.parse(await ok(`get ${line} --format json`)), json);
    }
    const text = await ok(`get --uuid ${id}`);
    const time = new Date(json.IntegratedTime * 1000).toISOString().replace(".000", "");
    assert.equal(
      text,
      `LogID: ${json.LogID}\nIndex: ${json.LogIndex}\nIntegratedTime: ${time}\nUUID: ${id}\n` +
        `Body: ${JSON.stringify(json.Body, undefined, 2)}\n\n`,
    );
  });

  test("prints an entry as bundles hold it", async () => {
    const tle = JSON.parse(await ok(`get --uuid ${await uploaded()} --format tle`));
    assert.deepEqual(tle.kindVersion, { kind: "hashedrekord", version: "0.0.1" });
    assert.ok(tle.inclusionPromise.signedEntryTimestamp);
    assert.ok(tle.inclusionProof.checkpoint.envelope.startsWith(`${hostname} - ${treeId}\n`));
  });

  test("prints what is attested, without steering the terminal", async () => {
    world.write("p.json", JSON.stringify({ text: "\u001b[31mred" }));
    const line =
      "attest-blob --key k.key -y --predicate p.json --type https://e.com/t --bundle a.json f";
    assert.equal((await world.run(line)).code, 0);
    world.write("e.json", JSON.stringify(world.json("a.json").dsseEnvelope));
    const up = "upload --type intoto --artifact e.json --public-key k.pub --format json";
    const { Location } = JSON.parse(await ok(up));
    const text = await ok(`get --uuid ${Location.split("/").at(-1)}`);
    assert.match(text, /\nAttestation: \{"_type":/);
    assert.ok(!text.includes("\u001b"));
    assert.match(text, /\nBody: \{\n {2}"IntotoObj": \{/);
  });

  test("an entry that is not there is a refusal with 404, a name that is none a mistake", async () => {
    await fails(`get --uuid ${"0".repeat(64)}`, 1, /has no entry 0+ \(404\)/);
    await fails("get --log-index 999999", 1, /has no entry index 999999 \(404\)/);
    await fails("get", 2, /either --uuid or --log-index must be specified/);
    await fails("get --uuid abc", 2, /has not 64 or 80 hex digits/);
    for (const index of ["-1", "01", "x", "1.5"]) {
      await fails(`get --log-index=${index}`, 2, /is not an index/);
    }
    await fails("get --log-index 0 --format xml", 2, /not one of default, json, tle/);
  });
});

describe("log verify", () => {
  test("finds an entry by what is in it, and prints each step of its proof", async () => {
    const id = await uploaded();
    await ok(`upload --type rekord ${artifactOf}`); // so that the tree has more than one leaf
    const json = JSON.parse(await ok(`verify ${artifactOf} --format json`));
    assert.deepEqual(Object.keys(json), [
      "RootHash",
      "EntryUUID",
      "Index",
      "Size",
      "Hashes",
      "Checkpoint",
    ]);
    assert.equal(json.EntryUUID, id);
    const text = await ok(`verify ${artifactOf}`);
    assert.match(
      text,
      /^Current Root Hash: [0-9a-f]{64}\nEntry Hash: [0-9a-f]{64}\nEntry Index in Current Tree: \d+\nCurrent Tree Size: \d+\nCheckpoint:\n/,
    );
    const steps = [
      ...text.matchAll(
        /^SHA256\(0x01 \| ([0-9a-f]{64}) \| ([0-9a-f]{64})\) =\n\t([0-9a-f]{64})$/gm,
      ),
    ];
    assert.equal(steps.length, json.Hashes.length);
    let previous = id.slice(16);
    for (const [, left = "", right = "", node = ""] of steps) {
      assert.ok([left, right].includes(previous));
      const bytes = Buffer.concat([Buffer.of(1), Buffer.from(left + right, "hex")]);
      assert.equal(createHash("sha256").update(bytes).digest("hex"), node);
      previous = node;
    }
    assert.ok(text.endsWith(`Computed Root Hash: ${previous}\nExpected Root Hash: ${previous}\n`));
    assert.match(await ok(`verify --uuid ${id}`), /Computed Root Hash/);
    assert.match(await ok(`verify --log-index ${json.Index} --trusted-root root.json`), /Computed/);
  });

  test("refuses what is not there", async () => {
    world.write("new", "never logged");
    world.write("new.sig", opensslSign("sha256", Buffer.from("never logged"), world.read("k.key")));
    const line = "verify --artifact new --signature new.sig --public-key k.pub";
    await fails(line, 1, /entry in log cannot be located/);
    await fails(`verify --uuid ${"0".repeat(64)}`, 1, /entry in log cannot be located/);
    await fails("verify", 2, /needs --signature/);
  });
});

describe("what is trusted of a log", () => {
  test("a trusted root, or a key as file or text, must be the log's", async () => {
    const id = await uploaded();
    const get = `get --uuid ${id} --format json`;
    await ok(`${get} --trusted-root root.json`);
    await ok(`${get} --rekor-server-public-key rekor.pub`);
    await ok(get, { env: { REKOR_REKOR_SERVER_PUBLIC_KEY: world.read("rekor.pub") } });
    await fails(`${get} --trusted-root none.json`, 1, /does not verify: .*log-unknown/);
    await fails(`${get} --rekor-server-public-key k.pub`, 1, /does not verify: .*log-unknown/);
    await fails("loginfo --trusted-root none.json", 1, /no known key signed its head/);
    await fails("loginfo --rekor-server-public-key k.pub", 1, /no known key signed its head/);
  });

  test("a key that the log names itself must stay the same", async () => {
    const state = world.path("changed.json");
    await ok(`loginfo --state-file ${state}`);
    assert.equal(world.mode("changed.json"), 0o600);
    const value = world.json("changed.json");
    const [place] = Object.keys(value.keys) as [string];
    value.keys[place] = world.read("k.pub");
    world.write("changed.json", JSON.stringify(value));
    await fails(`loginfo --state-file ${state}`, 1, /has another key than when it was seen first/);
    await ok(`loginfo --state-file ${state} --trusted-root root.json`);
  });

  test("the environment says what rekor-cli's does", async () => {
    const env = { REKOR_REKOR_SERVER: server.url, REKOR_FORMAT: "json", HOME: world.folder };
    const { code, stdout, stderr } = await world.run("log loginfo", { env });
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).TreeID, String(treeId));
    await fails("loginfo", 2, /REKOR_FORMAT is "bogus", not one of/, {
      env: { REKOR_FORMAT: "bogus" },
    });
    const underscores = [
      "log",
      "loginfo",
      "--rekor_server",
      server.url,
      "--store_tree_state=false",
    ];
    assert.equal((await world.run(underscores, { env: { HOME: world.folder } })).code, 0);
  });
});

describe("log loginfo and logproof", () => {
  test("print a state that is verified against the one seen last", async () => {
    const state = "growing.json";
    const line = `loginfo --state-file ${state}`;
    const first = JSON.parse(await ok(`${line} --format json`));
    assert.deepEqual(Object.keys(first), ["ActiveTreeSize", "TotalTreeSize", "RootHash", "TreeID"]);
    const n = String(Math.random());
    world.write("grow", n);
    world.write("grow.sig", opensslSign("sha256", Buffer.from(n), world.read("k.key")));
    await ok("upload --artifact grow --signature grow.sig --public-key k.pub");
    const text = await ok(line);
    const size = first.ActiveTreeSize + 1;
    assert.match(
      text,
      new RegExp(
        `^Verification Successful!\nActive Tree Size: {7}${size}\nTotal Tree Size: {8}${size}\nRoot Hash: {14}[0-9a-f]{64}\nTreeID: {17}${treeId}\n$`,
      ),
    );
    await ok(`${line} --trusted-root root.json`);

    const proof = `logproof --first-size ${first.ActiveTreeSize} --last-size ${size}`;
    const json = JSON.parse(await ok(`${proof} --format json`));
    assert.deepEqual(Object.keys(json), ["RootHash", "Hashes"]);
    assert.match(await ok(proof), /^Current Root Hash: [0-9a-f]{64}\nHashes: \[[0-9a-f,]+\]\n$/);
    await ok(`${proof} --tree-id ${treeId}`);
  });

  test("a log that shrank, forked or signs something else is refused, and not remembered", async () => {
    const state = "forked.json";
    await ok(`loginfo --state-file ${state}`);
    const before = world.read(state);
    // Another log with the same key and tree id, as after a restore from an old copy.
    const { v1Key: key } = server;
    const fork = async (entries: number): Promise<TestServer> => {
      const other = await startRekor();
      for (let i = 0; i < entries; i++) {
        const bytes = new TextEncoder().encode(`{"apiVersion":"0.0.1","kind":"x","spec":${i}}`);
        await other.log.append({ bytes, keys: new Uint8Array() });
      }
      const again = await startRekor({
        shards: [{ treeId, log: other.log, key, hostname }],
      });
      await other.close();
      return again;
    };
    for (const [entries, said] of [
      [1, /has 1 entries, and had \d+ when it was seen last/],
      [server.log.head().size, /does not extend what was seen of it/],
      [server.log.head().size + 5, /does not extend what was seen of it/],
    ] as const) {
      const forked = await fork(entries);
      const line = `loginfo --state-file ${state} --rekor-server ${forked.url}`;
      await fails(`${line} --trusted-root root.json`, 1, said);
      await forked.close();
    }
    assert.equal(world.read(state), before);
    await ok(`loginfo --state-file ${state}`);
  });

  test("state that is damaged is told, and none is kept where none is to be", async () => {
    world.write("bad.json", "{");
    await fails(
      "loginfo --state-file bad.json",
      2,
      /is not what was remembered of logs\nhint: restore/,
    );
    world.write("bad.json", '{"version":1,"trees":{"a":1},"keys":{}}');
    await fails("loginfo --state-file bad.json", 2, /is not what was remembered of logs/);
    await ok("loginfo --state-file absent.json --store-tree-state=false");
    assert.equal(world.has("absent.json"), false);
    const empty = await startRekor();
    await ok(`loginfo --state-file empty.json --rekor-server ${empty.url}`);
    assert.deepEqual(world.json("empty.json").trees, {});
    await empty.close();
  });

  test("sizes that are none are mistakes, those that the log has not are refused", async () => {
    await fails("logproof", 2, /last-size must be specified/);
    await fails("logproof --last-size 0", 2, /not a size above 0/);
    await fails("logproof --first-size 0 --last-size 1", 2, /not a size above 0/);
    await fails("logproof --first-size 3 --last-size 2", 2, /must be >= to first-size/);
    await fails("logproof --last-size 1 --tree-id x", 2, /is not a tree's id/);
    await fails("logproof --last-size 999999", 1, /answers 400: .*greater than what is currently/);
  });
});

describe("log search", () => {
  const idsOf = async (line: string): Promise<string[]> =>
    JSON.parse(await ok(`search ${line} --format json`)).UUIDs;

  test("finds entries by artifact, digest and key, newest first", async () => {
    const id = await uploaded();
    const digest = createHash("sha256").update(content).digest("hex");
    for (const line of [
      "--artifact f",
      `--sha ${digest}`,
      `--sha sha256:${digest.toUpperCase()}`,
      "--public-key k.pub",
    ]) {
      assert.ok((await idsOf(line)).includes(id), line);
    }
    const { stdout, stderr } = await log("search --artifact f");
    assert.equal(stderr, "Found matching entries (listed by UUID):\n");
    assert.match(stdout, /^(?:[0-9a-f]{80}\n)+$/);
    const indexes = await Promise.all(
      stdout
        .trim()
        .split("\n")
        .map(async (uuid) => JSON.parse(await ok(`get --uuid ${uuid} --format json`)).LogIndex),
    );
    assert.deepEqual(
      indexes,
      indexes.toSorted((a, b) => b - a),
    );
  });

  test("finds what a key attested, and the subjects of statements", async () => {
    const key = "--public-key k.pub --operator and";
    const [newest] = await idsOf(`${key} --subject f`);
    assert.ok(newest);
    assert.equal((await idsOf(`${key} --subject f --artifact f`)).includes(newest), true);
    await fails("search --public-key other.pub", 1, /no matching entries found/);
    await fails("search --subject nobody", 1, /no matching entries found/);
    await fails("search --email a@example.com", 1, /no matching entries found/);
    await fails("search --email a@example.com --public-key k.pub --operator and", 1, /no matching/);
    assert.ok((await idsOf("--email a@example.com --public-key k.pub")).length > 0);
  });

  test("turns pages, by itself or where told", async () => {
    const all = await idsOf("--public-key k.pub");
    assert.ok(all.length > 3);
    const pages: string[] = [];
    let next = "";
    do {
      const { code, stdout, stderr } = await log(`search --public-key k.pub --limit 2${next}`);
      assert.equal(code, 0, stderr);
      pages.push(...stdout.trim().split("\n"));
      next = / --cursor \S+/.exec(stderr)?.[0] ?? "";
    } while (next !== "");
    assert.deepEqual(pages, all);
    const cut = await log("search --public-key k.pub --artifact f --limit 1");
    assert.match(cut.stderr, /There are more: pass a --limit that is larger/);
  });

  test("asks by time", async () => {
    const past = "2001-01-01T00:00:00Z";
    assert.ok((await idsOf(`--public-key k.pub --since ${past}`)).length > 0);
    await fails(`search --public-key k.pub --until ${past}`, 1, /no matching entries/);
    await fails("search --public-key k.pub --since yesterday", 1, /since is not an RFC 3339 time/);
  });

  test("mistakes are told", async () => {
    await fails("search", 2, /must be specified/);
    await fails("search --sha abc", 2, /is not a digest in hex/);
    await fails(`search --sha sha1:${"0".repeat(64)}`, 2, /is not a digest in hex/);
    await fails("search --public-key f", 2, /public key/);
    await fails("search --artifact f --limit 0", 2, /not a number from 1/);
    await fails("search --artifact f --operator xor", 2, /not one of or, and/);
    await fails("search --artifact f --public-key k.pub --cursor 1", 2, /goes with one thing/);
  });

  test("logs that have only Rekor's own index are asked by that", async () => {
    const id = "1".repeat(80);
    const asked: TestRequest[] = [];
    const old = await loopback((request) => {
      asked.push(request);
      return request.method === "GET"
        ? { status: 404, body: '{"code":404,"message":"path was not found"}' }
        : { body: JSON.stringify([id, id, "2".repeat(80)]) };
    });
    const line = `search --rekor-server ${old.url} --artifact f --public-key k.pub --operator and`;
    assert.equal(await ok(line), `${id}\n${"2".repeat(80)}\n`);
    const sent = JSON.parse(asked.at(-1)?.body ?? "");
    assert.equal(sent.operator, "and");
    assert.match(sent.hash, /^sha256:[0-9a-f]{64}$/);
    assert.equal(sent.publicKey.format, "x509");
    assert.equal(Buffer.from(sent.publicKey.content, "base64").toString(), world.read("k.pub"));
    const one = await log(`${line} --limit 1`);
    assert.equal(one.stdout, `${id}\n`);
    assert.match(one.stderr, /There are 1 more/);
    await fails(`${line} --since 2001-01-01T00:00:00Z`, 2, /which knows no times/);
    world.write("key.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----");
    await ok(`search --rekor-server ${old.url} --public-key key.asc --pki-format pgp`);
    assert.equal(JSON.parse(asked.at(-1)?.body ?? "").publicKey.format, "pgp");
  });
});
