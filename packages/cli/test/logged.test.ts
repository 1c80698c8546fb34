// SPDX-License-Identifier: Apache-2.0
// Signing commands at level `logged`, against logs on this machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBundle, decodeLegacyBundle } from "@chancery/formats/bundle";
import { encodeBase64 } from "@chancery/formats/bytes";
import { tlogValue } from "../../../test/instance.ts";
import { loopback, type TestAnswer, type TestRequest } from "../../sign/test/loopback.ts";
import {
  answerV1,
  answerV2,
  leafOfProposal,
  leafOfRequest,
  log1,
  log2,
} from "../../sign/test/test-rekor.ts";
import { World } from "./world.ts";

const world = new World();
world.key("k");
world.key("ed", "ed25519");
world.key("p384", "ecdsa-sha2-384-nistp384");
world.key("pss", "rsa-sign-pkcs1-2048-sha256");
world.write("f", "the content\n");
world.write("p.json", '{"a":1}');
const root = (tlogs: unknown[]): string =>
  JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs,
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  });
world.write("root.json", root([tlogValue(log1), tlogValue(log2)]));
world.write("strange.json", root([]));

/** Rekor v1 and v2 at one address. */
const server = await loopback(({ path, body }: TestRequest): TestAnswer => {
  if (path === "/api/v2/log/entries") {
    const value = answerV2(leafOfRequest(JSON.parse(body)));
    return { status: 201, body: JSON.stringify(value) };
  }
  if (path !== "/api/v1/log/entries") return { status: 404 };
  const { id, value } = answerV1(leafOfProposal(JSON.parse(body)));
  return { status: 201, headers: { etag: id }, body: JSON.stringify({ [id]: value }) };
});

function signingConfig(name: string, services: readonly [number, string][], more = {}): void {
  const value = {
    mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    rekorTlogUrls: services.map(([majorApiVersion, start]) => ({
      url: server.url,
      majorApiVersion,
      validFor: { start },
      operator: "test",
    })),
    rekorTlogConfig: { selector: "ANY" },
    ...more,
  };
  world.write(name, JSON.stringify(value));
}
signingConfig("v1.json", [[1, "2020-01-01T00:00:00Z"]]);
signingConfig("both.json", [
  [1, "2020-01-01T00:00:00Z"],
  [2, "2021-01-01T00:00:00Z"],
]);
signingConfig("later.json", [
  [1, "2020-01-01T00:00:00Z"],
  [2, "2999-01-01T00:00:00Z"],
]);
signingConfig("none.json", []);

async function sign(flags: string, file = "f", key = "k") {
  server.requests.length = 0;
  const line = `sign-blob --key ${key}.key -y --bundle b.json ${flags} ${file}`;
  const { code, stderr, stdout } = await world.run(line);
  return { code, stderr, stdout, asked: server.requests.length };
}

/** Runs the line that was printed for whoever verifies. */
async function verifyAsTold(stderr: string) {
  const line = /\n {2}chancery (verify-.*)\n$/.exec(stderr)?.[1] ?? "";
  assert.ok(line.includes("--level logged"), stderr);
  return world.run(`${line} --output json`);
}

for (const [flags, version] of [
  [`--rekor-url ${server.url}`, "0.0.1"],
  [`--rekor-url ${server.url}/ --rekor-version 1`, "0.0.1"],
  [`--rekor-url ${server.url} --rekor-version 2`, "0.0.2"],
  [`--rekor-url ${server.url} --tlog-upload --use-signing-config=false`, "0.0.1"],
  ["--signing-config v1.json", "0.0.1"],
  ["--signing-config both.json", "0.0.2"],
  ["--signing-config later.json --tlog-upload", "0.0.1"],
] as const) {
  for (const key of ["k", "ed", "p384", "pss"]) {
    const shown = flags.replace(server.url, "URL");
    test(`sign-blob ${shown} with the key ${key} logs, and verify-blob is told how`, async () => {
      const { code, stderr, stdout, asked } = await sign(
        `${flags} --trusted-root root.json`,
        "f",
        key,
      );
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "");
      assert.equal(asked, 1);
      assert.match(stderr, /^Logged with index \d+ in http:.*\nWrote bundle to file b\.json\n/);
      const { tlogEntries } = decodeBundle(world.read("b.json"));
      assert.deepEqual(
        tlogEntries.map(({ kindVersion }) => kindVersion),
        [version],
      );
      const verified = await verifyAsTold(stderr);
      assert.equal(verified.code, 0, verified.stderr);
      assert.equal(JSON.parse(verified.stdout).logEntries.length, 1);
      assert.equal(server.requests.length, 1, "verifying asks nobody");
    });
  }
}

for (const flags of [
  "",
  "--tlog-upload=false",
  "--use-signing-config=false",
  "--tlog-upload=false --use-signing-config=false",
  `--tlog-upload=false --rekor-url ${server.url}`,
  "--signing-config none.json",
]) {
  test(`sign-blob ${flags.replace(server.url, "URL")} contacts nobody`, async () => {
    const { code, stderr, asked } = await sign(flags);
    assert.equal(code, 0, stderr);
    assert.equal(asked, 0);
    assert.deepEqual(decodeBundle(world.read("b.json")).tlogEntries, []);
    assert.match(stderr, /--level keyed f\n$/);
  });
}

test("a signing config without logs is said to have none, a root without use to have none", async () => {
  assert.match((await sign("--signing-config none.json")).stderr, /warning: .* lists no log/);
  assert.match((await sign("--trusted-root root.json")).stderr, /--trusted-root is ignored/);
});

test("flags that exclude each other in cosign do so here", async () => {
  const url = `--rekor-url ${server.url}`;
  const cases: readonly [string, RegExp][] = [
    ["--signing-config v1.json --use-signing-config", /exclude each other/],
    [`--signing-config v1.json ${url}`, /cannot specify service URLs and use signing config/],
    [`--use-signing-config ${url}`, /cannot specify service URLs and use signing config/],
    ["--signing-config v1.json --tlog-upload=false", /tlog-upload=false is not supported with/],
    ["--use-signing-config --tlog-upload=false", /tlog-upload=false is not supported with/],
    ["--rekor-version 2", /--rekor-version goes with --rekor-url/],
    [`${url} --rekor-version 3`, /not one of 1, 2/],
    ["--rekor-url rekor.example.com", /is not an http or https URL/],
    ["--signing-config absent.json", /absent\.json: no such file/],
    ["--signing-config root.json", /signing config at mediaType/],
    [`${url} --trusted-root v1.json`, /trusted root at mediaType/],
    [`${url} --trusted-root absent.json`, /absent\.json: no such file/],
    [`${url} --signing-algorithm ed25519`, /cannot sign with ed25519/],
    [`${url} --rekor-version 2 --new-bundle-format=false`, /older format has no room/],
  ];
  for (const [flags, said] of cases) {
    const { code, stderr, asked } = await sign(flags);
    assert.equal(code, 2, `${flags}: ${stderr}`);
    assert.match(stderr, said, flags);
    assert.equal(asked, 0, flags);
  }
});

test("what cannot be logged is not signed", async () => {
  const url = `--rekor-url ${server.url}`;
  const pure = await sign(`${url} --signing-algorithm ed25519`, "f", "ed");
  assert.match(pure.stderr, /ed25519 cannot be logged.*\nhint: use the algorithm ed25519-ph/);
  const pss = await sign(`${url} --signing-algorithm rsa-sign-pss-2048-sha256`, "f", "pss");
  assert.match(pss.stderr, /cannot be logged: Rekor takes no RSA-PSS/);
  assert.deepEqual([pure.code, pss.code, pure.asked, pss.asked], [2, 2, 0, 0]);
});

test("nothing is written that does not verify with the trusted root", async () => {
  const bundle = "fresh.json";
  const line = `sign-blob --key k.key --bundle ${bundle} --rekor-url ${server.url}`;
  const { code, stderr } = await world.run(`${line} --trusted-root strange.json f`);
  assert.equal(code, 1);
  assert.match(stderr, /does not verify with the trusted root.*log-unknown.*\nhint: check that/);
  assert.equal(world.has(bundle), false);
  // Without one, what the log says is checked against itself only.
  assert.equal((await world.run(`${line} f`)).code, 0);
});

test("failures of the log have their exit codes, and leave nothing behind", async () => {
  const cases: readonly [TestAnswer, number, RegExp][] = [
    [{ status: 400, body: '{"message":"invalid"}' }, 1, /answers 400: invalid/],
    [{ status: 503, headers: { "retry-after": "100" } }, 3, /answers 503\nhint: try again/],
    [{ status: 201, body: "{}" }, 3, /answers with/],
    [{ status: 307, headers: { location: "https://other.example/" } }, 3, /another place/],
  ];
  for (const [answer, expected, said] of cases) {
    const bad = await loopback(() => answer);
    for (const version of [1, 2]) {
      const flags = `--bundle left.json --rekor-url ${bad.url} --rekor-version ${version}`;
      const { code, stderr } = await world.run(`sign-blob --key k.key ${flags} f`);
      assert.equal(code, expected, stderr);
      assert.match(stderr, said);
      assert.equal(world.has("left.json"), false);
    }
  }
});

test("a log that does not answer ends with --timeout", async () => {
  const slow = await loopback(() => ({ hang: true }));
  const line = `sign-blob --key k.key --bundle left.json --rekor-url ${slow.url} --timeout 200ms f`;
  const { code, stderr } = await world.run(line);
  assert.equal(code, 3);
  assert.match(stderr, /gave up after 200ms/);
  assert.equal(world.has("left.json"), false);
});

test("each file of several is logged, and JSON says where", async () => {
  world.write("one", "1");
  world.write("two", "2");
  const line = `sign-blob --key k.key --rekor-url ${server.url} --output json one two`;
  const { stdout, code, stderr } = await world.run(line);
  assert.equal(code, 0, stderr);
  const { files } = JSON.parse(stdout);
  assert.equal(files.length, 2);
  for (const { logEntries } of files) {
    const [{ log, kind, logIndex, logId }] = logEntries;
    assert.deepEqual([log, kind], [server.url, "hashedrekord 0.0.1"]);
    assert.match(logIndex, /^\d+$/);
    assert.match(logId, /^[0-9a-f]{64}$/);
  }
});

test("cosign 2's format takes the promise of a Rekor v1", async () => {
  const { code, stderr } = await sign(`--rekor-url ${server.url} --new-bundle-format=false`);
  assert.equal(code, 0, stderr);
  const { rekor } = decodeLegacyBundle(world.read("b.json"));
  assert.equal(encodeBase64(rekor?.logId ?? new Uint8Array()), encodeBase64(log1.logId));
  const verify = "verify-blob --key k.pub --bundle b.json --trusted-root root.json f";
  const verified = await world.run(verify);
  assert.equal(verified.code, 0, verified.stderr);
});

for (const version of [1, 2]) {
  for (const key of ["k", "ed"]) {
    test(`attest-blob logs in Rekor v${version} with the key ${key}, and says how to verify`, async () => {
      server.requests.length = 0;
      const log = `--rekor-url ${server.url} --rekor-version ${version} --trusted-root root.json`;
      const line = `attest-blob --key ${key}.key -y --bundle a.json --predicate p.json ${log} f`;
      const { code, stderr } = await world.run(`${line} --type https://example.com/p`);
      assert.equal(code, 0, stderr);
      assert.equal(server.requests.length, 1);
      const sent = JSON.parse(server.requests[0]?.body ?? "");
      assert.ok(version === 1 ? sent.kind === "dsse" : sent.hashedRekordRequestV002);
      const verified = await verifyAsTold(stderr);
      assert.equal(verified.code, 0, verified.stderr);
    });
  }
}

test("attest-blob with a curve that Rekor v1 does not check is told so", async () => {
  const line = `attest-blob --key p384.key -y --bundle a.json --predicate p.json --rekor-url ${server.url} f`;
  const { code, stderr } = await world.run(line);
  assert.equal(code, 2);
  assert.match(stderr, /cannot be logged: Rekor v1 checks envelopes with SHA-256/);
});
