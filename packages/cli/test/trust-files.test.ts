// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeSigningConfig, decodeTrustedRoot } from "@chancery/formats/trust";
import { testSigningTime } from "../../../test/instance-log.ts";
import { rekorOrigin, writeInstanceFiles } from "./instance-files.ts";
import { type Invoked, type InvokeOptions, World } from "./world.ts";

const world = new World();
writeInstanceFiles(world);
const start = "start-time=2029-01-01T00:00:00Z";
const fulcio = "--fulcio url=https://fulcio.test,certificate-chain=fulcio.pem";
const ctfe = `--ctfe url=https://ct.test,public-key=ctfe.pub,${start}`;
const rekor = `--rekor url=https://${rekorOrigin},public-key=rekor.pub,${start},origin=${rekorOrigin}`;
const tsa = "--tsa url=https://tsa.test/api/v1/timestamp,certificate-chain=tsa.pem";
/** The default services come from the repository in `tuf/`, and from nowhere else. */
const env = {
  HOME: world.folder,
  TUF_MIRROR: `file://${world.folder}/tuf`,
  TUF_ROOT_JSON: world.path("tuf/1.root.json"),
};

async function refuses(line: string, code: number, ...words: readonly RegExp[]): Promise<Invoked> {
  const invoked = await world.run(line);
  assert.equal(invoked.code, code, `${line}\n${invoked.stderr}`);
  assert.equal(invoked.stdout, "");
  for (const pattern of words) assert.match(invoked.stderr, pattern);
  return invoked;
}

async function makes(line: string, options?: InvokeOptions): Promise<Invoked> {
  const invoked = await world.run(line, options);
  assert.equal(invoked.code, 0, `${line}\n${invoked.stderr}`);
  return invoked;
}

describe("trusted-root create", () => {
  test("makes a root that a bundle of the described instance verifies with", async () => {
    const old = world.json("trusted_root.json");
    const { baseUrl, publicKey } = old.tlogs.find((log: any) => log.baseUrl.includes("rekor.test"));
    const pem = `-----BEGIN PUBLIC KEY-----\n${publicKey.rawBytes}\n-----END PUBLIC KEY-----\n`;
    world.write("rekor1.pub", pem);
    const rekor1 = `--rekor url=${baseUrl},public-key=rekor1.pub,${start}`;
    const made = await makes(
      `trusted-root create ${fulcio} ${ctfe} ${rekor} ${rekor1} ${tsa} --out made.json`,
    );
    assert.equal(made.stdout, "");
    assert.equal(made.stderr, "Written to made.json\n");
    assert.equal(world.mode("made.json"), 0o644);
    await makes(
      "verify-blob --trusted-root made.json --bundle a.sigstore.json " +
        "--certificate-identity-regexp .* --certificate-oidc-issuer-regexp .* a.txt",
      { now: new Date(testSigningTime.getTime() + 86_400_000) },
    );
    const root = decodeTrustedRoot(world.read("made.json"));
    const ids = (name: string): unknown[] =>
      old[name].map((log: any) => log.logId.keyId).toSorted();
    const made1 = world.json("made.json");
    assert.deepEqual(made1.tlogs.map((log: any) => log.logId.keyId).toSorted(), ids("tlogs"));
    assert.deepEqual(
      made1.ctlogs.map((log: any) => log.logId.keyId),
      ids("ctlogs"),
    );
    assert.equal(root.certificateAuthorities[0]?.commonName, "root");
    assert.equal(root.timestampAuthorities[0]?.certificates.length, 2);
  });

  test("prints it without --out, as JSON where that is asked for", async () => {
    const { stdout } = await makes(`trusted-root create ${rekor}`);
    assert.equal(decodeTrustedRoot(stdout).tlogs.length, 1);
    const asked = await makes(`trusted-root create ${rekor} --output json`);
    const { version, trustedRoot } = JSON.parse(asked.stdout);
    assert.equal(version, 1);
    assert.deepEqual(trustedRoot, JSON.parse(stdout));
    const both = await makes(`trusted-root create ${rekor} --output json --out both.json`);
    assert.equal(JSON.parse(both.stdout).out, "both.json");
  });

  test("begins with the services of TUF, without those that are not wanted", async () => {
    const all = await makes("trusted-root create --with-default-services", { env });
    const published = decodeTrustedRoot(world.read("trusted_root.json"));
    const root = decodeTrustedRoot(all.stdout);
    assert.equal(root.tlogs.length, published.tlogs.length);
    const some = await makes(
      "trusted-root create --with-default-services --offline --no-default-fulcio " +
        `--no-default-ctfe --no-default-tsa ${rekor.replace(start, "start-time=2031-01-01T00:00:00Z")}`,
      { env },
    );
    const replaced = decodeTrustedRoot(some.stdout);
    assert.match(some.stderr, /Replaced 1 of the default logs, which have the same id/);
    assert.equal(replaced.tlogs.length, published.tlogs.length);
    assert.equal(replaced.tlogs.at(-1)?.validFor.start.getUTCFullYear(), 2031);
    assert.deepEqual(
      [replaced.certificateAuthorities, replaced.ctlogs, replaced.timestampAuthorities],
      [[], [], []],
    );
    const idle = await makes(`trusted-root create ${rekor} --no-default-tsa`);
    assert.match(idle.stderr, /warning: --no-default-… flags do nothing/);
    const elsewhere = { HOME: world.path("nowhere"), TUF_MIRROR: env.TUF_MIRROR };
    const line = "trusted-root create --with-default-services";
    const missing = await world.run(line, { env: elsewhere });
    assert.equal(missing.code, 3, missing.stderr);
  });

  test("takes cosign's old flags, each kind for itself", async () => {
    const made = await makes(
      "trusted-root create --certificate-chain fulcio.pem --fulcio-uri https://fulcio.test " +
        "--ctfe-key ctfe.pub --ctfe-url https://ct.test --ctfe-start-time 2029-01-01T00:00:00Z " +
        `--rekor-key rekor.pub,${rekorOrigin} --rekor-url https://${rekorOrigin} ` +
        "--rekor-start-time 2029-01-01T00:00:00Z --rekor-end-time 2039-01-01T00:00:00Z " +
        "--timestamp-certificate-chain tsa.pem --timestamp-uri https://tsa.test",
    );
    assert.match(made.stderr, /warning: these flags are old: use --fulcio instead/);
    const old = JSON.parse(made.stdout);
    const end = ",end-time=2039-01-01T00:00:00Z";
    const named = await makes(
      `trusted-root create ${fulcio} ${ctfe} ${rekor}${end} --tsa url=https://tsa.test,certificate-chain=tsa.pem`,
    );
    const current = JSON.parse(named.stdout);
    for (const name of ["tlogs", "ctlogs", "certificateAuthorities"]) {
      assert.deepEqual(old[name], current[name]);
    }
    const bare = await makes("trusted-root create --rekor-key rekor.pub");
    const [log] = decodeTrustedRoot(bare.stdout).tlogs;
    assert.equal(log?.validFor.start.getTime(), 0);
    await refuses(
      `trusted-root create ${fulcio} --fulcio-uri https://x`,
      2,
      /cannot use --fulcio and old fulcio flags at the same time/,
    );
    await refuses(`trusted-root create ${rekor} --rekor-key rekor.pub`, 2, /old rekor flags/);
    await refuses("trusted-root create --rekor-key rekor.pub --rekor-start-time x", 2, /RFC 3339/);
  });

  test("says what is wrong with a description", async () => {
    const cases: [string, RegExp][] = [
      ["", /no service is described/],
      ["--rekor rekor.pub", /--rekor: "rekor\.pub" is not key=value/],
      [`--rekor url=x,public-key=rekor.pub`, /--rekor: start-time is missing\nhint: --rekor url=/],
      [`--rekor url=,public-key=rekor.pub,${start}`, /--rekor: url is missing/],
      [`${rekor},name=x`, /--rekor: unknown key "name"\nhint: one of url, public-key/],
      [`${rekor},url=https://y`, /--rekor: url is given twice/],
      [`--ctfe url=x,public-key=ctfe.pub,start-time=2029-01-01`, /start-time is "2029-01-01", not/],
      [`${ctfe},end-time=2028-01-01T00:00:00Z`, /end-time lies before the start-time/],
      [`${ctfe},origin=a+b`, /ctfe\.pub: trusted root at origin: "a\+b" cannot be the name/],
      [`${ctfe} ${ctfe}`, /--ctfe: two logs have the id [0-9a-f]{64}/],
      [`--ctfe url=x,public-key=none.pub,${start}`, /none\.pub: no such file/],
      [
        `--ctfe url=x,public-key=fulcio.pem,${start}`,
        /fulcio\.pem: .*hint: name a file with a pub/s,
      ],
      ["--fulcio url=x,certificate-chain=ctfe.pub", /ctfe\.pub: pem at block 1/],
      ["--fulcio url=x,certificate-chain=tsa.pem", /tsa\.pem: trusted root at certificate chain/],
      ["--tsa url=x,certificate-chain=fulcio.pem", /must begin with the leaf that signs/],
      ["--fulcio url=x", /--fulcio: certificate-chain is missing/],
    ];
    for (const [flags, message] of cases) await refuses(`trusted-root create ${flags}`, 2, message);
  });

  test("leaves existing files alone unless told otherwise", async () => {
    world.write("kept.json", "precious");
    const line = `trusted-root create ${rekor} --out kept.json`;
    await refuses(line, 2, /kept\.json exists already\nhint: pass --yes/);
    const declined = await world.run(line, { person: { confirms: [false] } });
    assert.equal(declined.code, 2);
    assert.equal(world.read("kept.json"), "precious");
    await makes(`${line} --yes`);
    assert.equal(decodeTrustedRoot(world.read("kept.json")).tlogs.length, 1);
    await refuses(
      `trusted-root create ${rekor} --out none/x.json`,
      2,
      /none\/x\.json: no such file/,
    );
  });
});

describe("signing-config create", () => {
  const service = (url: string): string =>
    `url=https://${url},api-version=1,start-time=2029-01-01T00:00:00Z,operator=test`;

  test("makes a config of what is described", async () => {
    const made = await makes(
      `signing-config create --fulcio ${service("fulcio.test")} ` +
        `--oidc-provider ${service("oidc.test")} --rekor ${service("rekor.test")} ` +
        `--rekor ${service("second.test")},end-time=2039-01-01T00:00:00Z --rekor-config exact:2 ` +
        `--tsa ${service("tsa.test/api/v1/timestamp")} --tsa-config any --out config.json`,
    );
    assert.equal(made.stderr, "Written to config.json\n");
    assert.equal(world.mode("config.json"), 0o644);
    const config = decodeSigningConfig(world.read("config.json"));
    assert.deepEqual(config.rekorTlogConfig, { selector: "EXACT", count: 2 });
    assert.deepEqual(config.tsaConfig, { selector: "ANY" });
    assert.deepEqual(
      config.rekorTlogUrls.map(({ url }) => url),
      ["https://rekor.test", "https://second.test"],
    );
    assert.equal(config.rekorTlogUrls[1]?.validFor.end?.getUTCFullYear(), 2039);
    const printed = await makes("signing-config create --base-config config.json --output json");
    assert.deepEqual(JSON.parse(printed.stdout).signingConfig, world.json("config.json"));
  });

  test("puts what is described in the place of the same kind in a base", async () => {
    await makes(
      `signing-config create --fulcio ${service("a.test")} --rekor ${service("b.test")} ` +
        "--rekor-config ANY --out base.json",
    );
    const { stdout } = await makes(
      `signing-config create --base-config base.json --fulcio ${service("c.test")} ` +
        `--oidc-provider ${service("d.test")}`,
    );
    const config = decodeSigningConfig(stdout);
    assert.deepEqual(
      config.caUrls.map(({ url }) => url),
      ["https://c.test"],
    );
    assert.deepEqual(
      config.rekorTlogUrls.map(({ url }) => url),
      ["https://b.test"],
    );
    assert.equal(config.oidcUrls.length, 1);
    const without = await makes("signing-config create --base-config base.json --no-default-rekor");
    assert.equal(decodeSigningConfig(without.stdout).rekorTlogConfig, undefined);
  });

  test("reads a base that cosign wrote, whose configurations may be empty", async () => {
    const base = {
      mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
      caUrls: [
        { url: "https://f", majorApiVersion: 1, validFor: { start: "2024-01-01T00:00:00Z" } },
      ],
      rekorTlogConfig: {},
      tsaConfig: {},
    };
    world.write("cosign.json", JSON.stringify(base));
    const { stdout } = await makes("signing-config create --base-config cosign.json");
    assert.equal(decodeSigningConfig(stdout).caUrls.length, 1);
  });

  test("says where TUF has no signing config to begin with", async () => {
    const line = "signing-config create --with-default-services";
    const absent = await world.run(line, { env });
    assert.equal(absent.code, 3, absent.stderr);
    assert.match(absent.stderr, /publishes no signing_config\.v0\.2\.json\nhint: describe/);
    const v2 = await world.run("signing-config create --with-default-rekor-v2", { env });
    assert.match(v2.stderr, /publishes no signing_config_rekor_v2\.v0\.2\.json/);
  });

  test("says what is wrong with a description", async () => {
    const rekorFlag = `--rekor ${service("rekor.test")}`;
    const cases: [string, RegExp][] = [
      ["", /no service is described/],
      [rekorFlag, /--rekor-config must be provided when --rekor is specified\nhint: --rekor-co/],
      [`--tsa ${service("x")}`, /--tsa-config must be provided when --tsa is specified/],
      [`${rekorFlag} --rekor-config SOME`, /--rekor-config is "SOME", not ANY, ALL or EXACT:N/],
      [`${rekorFlag} --rekor-config EXACT`, /not ANY, ALL or EXACT:N/],
      [`${rekorFlag} --rekor-config EXACT:0`, /not ANY, ALL or EXACT:N/],
      [`${rekorFlag} --rekor-config EXACT:x`, /not a number of 32 bits/],
      [`${rekorFlag} --rekor-config ANY:1`, /not ANY, ALL or EXACT:N/],
      ["--fulcio url=https://f", /--fulcio: api-version is missing/],
      [`--fulcio ${service("f").replace("=1", "=one")}`, /api-version is "one", not a number/],
      [`--fulcio ${service("f").replace("https://", "")}`, /caUrls\[0\]\.url: "f" is not an http/],
      ["--base-config config.json --with-default-services", /exclude each other/],
      ["--base-config a.txt", /signing config at /],
      ["--base-config none.json", /none\.json: no such file/],
    ];
    for (const [flags, message] of cases) {
      await refuses(`signing-config create ${flags}`, 2, message);
    }
    world.write(
      "unselected.json",
      JSON.stringify({ ...world.json("base.json"), rekorTlogConfig: undefined }),
    );
    await refuses(
      "signing-config create --base-config unselected.json",
      2,
      /nothing says how many of the --rekor to use\nhint: --rekor-config ANY/,
    );
  });

  test("leaves existing files alone unless told otherwise", async () => {
    world.write("held.json", "precious");
    const line = `signing-config create --fulcio ${service("f")} --out held.json`;
    await refuses(line, 2, /held\.json exists already/);
    assert.equal(world.read("held.json"), "precious");
    await makes(line, { person: { confirms: [true] } });
  });
});
