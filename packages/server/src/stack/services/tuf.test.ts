// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { decodePublicKeyPem, sha256 } from "@chancery/formats/crypto";
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { decodeSigningConfig, decodeTrustedRoot } from "@chancery/formats/trust";
import {
  decodeTimestampResponse,
  encodeTimestampRequest,
  verifyTimestamp,
} from "@chancery/formats/tsp";
import { decodeCertificatesPem } from "@chancery/formats/x509";
import { fetchTrust, type TufResult } from "@chancery/verify/tuf";
import { pino } from "pino";
import { newDirectory } from "../../../test/directory.ts";
import { type Stack, type StackConfigInput, StackError, startStack } from "../index.ts";
import { rotateKeys } from "../rotate.ts";

interface Started {
  readonly stack: Stack;
  readonly logs: readonly string[];
  /** What a client has that began with a root. */
  readonly fetch: (root?: string) => Promise<TufResult>;
}

async function start(
  t: TestContext,
  dataDirectory: string,
  config: StackConfigInput = {},
): Promise<Started> {
  const logs: string[] = [];
  const logger = pino({ level: "warn" }, { write: (line: string) => void logs.push(line) });
  const stack = await startStack({ dataDirectory, listen: "127.0.0.1:0", logger, config });
  t.after(() => stack.close());
  const cacheDirectory = newDirectory(t);
  const fetch = async (file = "1.root.json"): Promise<TufResult> =>
    fetchTrust({
      mirror: `${stack.url}/tuf`,
      root: readFileSync(join(dataDirectory, "tuf", file)),
      cacheDirectory,
      now: new Date(),
    });
  return { stack, logs, fetch };
}

async function refusal(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof StackError, String(error));
    return `${error.code}: ${error.message}`;
  }
  throw new Error("it was not refused");
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

suite("the TUF repository of a stack", () => {
  test("tells clients what the stack has written, under a root that its facts name", async (t) => {
    const directory = newDirectory(t);
    const { stack, fetch: fetchIt } = await start(t, directory);
    const result = await fetchIt();
    assert.equal(text(result.trustedRoot), stack.trustedRoot);
    assert.equal(text(result.signingConfig), stack.signingConfig);
    const root = await (await fetch(`${stack.url}/tuf/1.root.json`)).text();
    const checksum = encodeHex(sha256(utf8Bytes(root)));
    assert.equal(stack.facts["tufRootSha256"], checksum);
    assert.equal(statSync(join(directory, "keys", "tuf-root.pem")).mode & 0o777, 0o600);
  });

  test("has what clients without trusted roots look for, and a config of Rekor v2", async (t) => {
    const directory = newDirectory(t);
    const { stack } = await start(t, directory);
    const { targets } = JSON.parse(
      readFileSync(join(directory, "tuf/1.targets.json"), "utf8"),
    ).signed;
    const read = (name: string): string =>
      readFileSync(
        join(directory, "tuf/targets", `${targets[name].hashes.sha256}.${name}`),
        "utf8",
      );
    const usages = Object.fromEntries(
      Object.entries<any>(targets).flatMap(([name, { custom }]) =>
        custom ? [[name, custom.sigstore]] : [],
      ),
    );
    const tsa = `${stack.url}/api/v1/timestamp`;
    assert.deepEqual(usages["rekor.pub"], { usage: "Rekor", status: "Active", uri: stack.url });
    assert.deepEqual(usages["tsa_leaf.crt.pem"], { usage: "TSA", status: "Active", uri: tsa });
    assert.ok(usages["tsa_root.crt.pem"]);
    assert.equal(usages["rekor_2.pub"], undefined);
    assert.equal(decodePublicKeyPem(read("rekor.pub")).type, "ec");
    const [authority] = decodeTrustedRoot(stack.trustedRoot).timestampAuthorities;
    const [leaf] = decodeCertificatesPem(read("tsa_leaf.crt.pem"));
    assert.deepEqual(leaf?.der, authority?.certificates[0]?.der);
    const v2 = decodeSigningConfig(read("signing_config_rekor_v2.v0.2.json"));
    assert.deepEqual(
      v2.rekorTlogUrls.map(({ majorApiVersion }) => majorApiVersion),
      [2],
    );
  });

  test("answers exactly 404 to what is not there, and says what may be kept", async (t) => {
    const directory = newDirectory(t);
    const { stack } = await start(t, directory);
    const files = readdirSync(join(directory, "tuf/targets"));
    for (const name of [
      "1.root.json",
      "1.targets.json",
      "1.snapshot.json",
      `targets/${files[0]}`,
    ]) {
      const answer = await fetch(`${stack.url}/tuf/${name}`);
      assert.equal(answer.status, 200, name);
      assert.equal(answer.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assert.equal(answer.headers.get("content-encoding"), null);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      assert.deepEqual(bytes, new Uint8Array(readFileSync(join(directory, "tuf", name))));
    }
    const timestamp = await fetch(`${stack.url}/tuf/timestamp.json`);
    assert.equal(timestamp.headers.get("cache-control"), "no-cache");
    assert.equal(timestamp.headers.get("content-type"), "application/json");
    for (const name of [
      "2.root.json",
      "0.root.json",
      "01.root.json",
      "root.json",
      "snapshot.json",
      "targets",
      "targets/",
      "targets/trusted_root.json",
      `targets/${"0".repeat(64)}.trusted_root.json`,
      "1.root.json.new",
      "..%2Fkeys%2Ftuf-root.pem",
      "targets/..%2F..%2Fkeys%2Ftuf-root.pem",
      "targets/%2e%2e/timestamp.json/x",
      "",
    ]) {
      const answer = await fetch(`${stack.url}/tuf/${name}`);
      assert.equal(answer.status, 404, name);
    }
    const missing = await fetch(`${stack.url}/tuf/2.root.json`);
    assert.equal(missing.headers.get("cache-control"), "no-cache");
    const posted = await fetch(`${stack.url}/tuf/timestamp.json`, { method: "POST" });
    assert.equal(posted.status, 405);
    assert.equal(posted.headers.get("allow"), "GET");
  });

  test("is the same at the next start where nothing has changed", async (t) => {
    const directory = newDirectory(t);
    const config = { publicUrl: "http://localhost:3000" };
    const first = await start(t, directory, config);
    await first.stack.close();
    const names = readdirSync(join(directory, "tuf"), { recursive: true });
    await (await start(t, directory, config)).stack.close();
    assert.deepEqual(readdirSync(join(directory, "tuf"), { recursive: true }), names);
    const moved = await start(t, directory, { publicUrl: "http://localhost:4000" });
    assert.ok(readdirSync(join(directory, "tuf")).includes("2.targets.json"));
    assert.ok(!readdirSync(join(directory, "tuf")).includes("2.root.json"));
    await moved.stack.close();
  });

  test("leaves trust as it is where services are missing whose keys are published", async (t) => {
    const directory = newDirectory(t);
    const first = await start(t, directory);
    await first.stack.close();
    const {
      stack,
      logs,
      fetch: fetchIt,
    } = await start(t, directory, { only: ["tuf", "rekor", "ct", "idp", "fulcio"] });
    assert.notEqual(stack.trustedRoot, first.stack.trustedRoot);
    assert.equal(text((await fetchIt()).trustedRoot), first.stack.trustedRoot);
    assert.match(logs.join(""), /the published trust is left as it is/);
    assert.ok(logs.join("").includes(`"missing":["${first.stack.url}/api/v1/timestamp"]`));
  });

  test("is measured, and makes the stack ready", async (t) => {
    const { stack } = await start(t, newDirectory(t), { tuf: { timestampDays: 2 } });
    assert.equal((await fetch(`${stack.url}/readyz`)).status, 200);
    const metrics = await (await fetch(`${stack.url}/metrics`)).text();
    const value = /^chancery_tuf_timestamp_expires_seconds ([0-9]+)$/m.exec(metrics)?.[1];
    const days = (Number(value) * 1000 - Date.now()) / 86_400_000;
    assert.ok(days > 1.9 && days <= 2, String(days));
  });
});

suite("keys that are replaced", () => {
  async function stamp(stack: Stack): Promise<Uint8Array> {
    const request = encodeTimestampRequest({ hash: "sha256", digest: sha256(utf8Bytes("s")) });
    const answer = await fetch(`${stack.url}/api/v1/timestamp`, {
      method: "POST",
      headers: { "content-type": "application/timestamp-query" },
      body: Uint8Array.from(request),
    });
    return new Uint8Array(await answer.arrayBuffer());
  }

  test("of timestamps: what the old one signed verifies in its time", async (t) => {
    const directory = newDirectory(t);
    const before = await start(t, directory);
    const old = await stamp(before.stack);
    await before.stack.close();
    const rotated = new Date();
    const [begun] = await rotateKeys(directory, "tsa", rotated);
    assert.equal(begun?.name, "tsa-2");
    const { stack, fetch: fetchIt } = await start(t, directory);
    const root = decodeTrustedRoot((await fetchIt()).trustedRoot);
    const [first, second, ...others] = root.timestampAuthorities;
    assert.deepEqual(others, []);
    assert.deepEqual(first?.validFor.end, rotated);
    assert.equal(second?.validFor.end, undefined);
    for (const [answer, [leaf]] of [
      [old, first!.certificates],
      [await stamp(stack), second!.certificates],
    ] as const) {
      const signature = utf8Bytes("s");
      verifyTimestamp(decodeTimestampResponse(answer), { signature, authority: leaf! });
    }
    const { targets } = JSON.parse(
      readFileSync(join(directory, "tuf/2.targets.json"), "utf8"),
    ).signed;
    const name = "tsa_leaf.crt.pem";
    const file = `tuf/targets/${targets[name].hashes.sha256}.${name}`;
    const [leaf] = decodeCertificatesPem(readFileSync(join(directory, file), "utf8"));
    assert.deepEqual(leaf?.der, second?.certificates[0]?.der);
  });

  test("of timestamps, twice before a start: the one between was never used", async (t) => {
    const directory = newDirectory(t);
    await (await start(t, directory)).stack.close();
    const now = Date.now();
    await rotateKeys(directory, "tsa", new Date(now));
    await rotateKeys(directory, "tsa", new Date(now + 1));
    const { stack } = await start(t, directory);
    assert.equal(decodeTrustedRoot(stack.trustedRoot).timestampAuthorities.length, 2);
    await stack.close();
    rmSync(join(directory, "tsa/chain.pem"));
    assert.match(
      await refusal(start(t, directory)),
      /^key: .*chain\.pem is missing: old timestamps need it; restore it from a backup$/,
    );
  });

  for (const [what, keys] of [
    ["tuf", ["tuf-root-2", "tuf-targets-2", "tuf-online-2"]],
    ["tuf-online", ["tuf-online-2"]],
    ["tuf-root", ["tuf-root-2"]],
  ] as const) {
    test(`of ${what}: clients follow from the first root`, async (t) => {
      const directory = newDirectory(t);
      const before = await start(t, directory);
      await before.fetch();
      await before.stack.close();
      const begun = await rotateKeys(directory, what, new Date());
      assert.deepEqual(
        begun.map(({ name }) => name),
        keys,
      );
      const after = await start(t, directory);
      assert.equal((await after.fetch()).roles.root.version, 2);
      assert.equal((await after.fetch("2.root.json")).roles.root.version, 2);
      await after.stack.close();
      // What has signed before is of no use any more.
      for (const key of keys) rmSync(join(directory, "keys", `${key.slice(0, -2)}.pem`));
      const last = await start(t, directory);
      assert.equal((await last.fetch()).roles.root.version, 2);
      assert.deepEqual(last.logs, []);
    });
  }

  test("are refused while the stack runs, and where there is no such key or place", async (t) => {
    const directory = newDirectory(t);
    const { stack } = await start(t, directory);
    assert.match(
      await refusal(rotateKeys(directory, "tsa", new Date())),
      /^in-use: .*is in use by/,
    );
    await stack.close();
    for (const what of ["idp", "", "tsa-2", "TSA"]) {
      assert.match(
        await refusal(rotateKeys(directory, what, new Date())),
        /^configuration: "[^"]*" cannot be replaced; these can: .*\btsa, .*tuf, tuf-root, tuf-targets/,
      );
    }
    const nowhere = join(directory, "nowhere");
    assert.match(await refusal(rotateKeys(nowhere, "tsa", new Date())), /^identity: there is no/);
    assert.ok(!readdirSync(directory).includes("generations.json"));
  });

  test("are not made anew where they are lost", async (t) => {
    const directory = newDirectory(t);
    await (await start(t, directory)).stack.close();
    const path = join(directory, "keys/tuf-online.pem");
    renameSync(path, `${path}.away`);
    const lost = /^key: .*tuf-online\.pem is missing: .* restore it from a backup$/;
    assert.match(await refusal(start(t, directory)), lost);
    await rotateKeys(directory, "tuf-online", new Date());
    assert.match(await refusal(start(t, directory)), /^key: .*tuf-online-2\.pem is missing: /);
    renameSync(`${path}.away`, path);
    assert.equal((await (await start(t, directory)).fetch()).roles.root.version, 2);
  });
});
