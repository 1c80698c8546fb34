// SPDX-License-Identifier: Apache-2.0
// Signing with identities against a whole stack: keyless, certified, stamped, pending.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { decodeBundle } from "@chancery/formats/bundle";
import {
  decodeSigningConfig,
  encodeSigningConfig,
  type SigningConfig,
} from "@chancery/formats/trust";
import { decodeCertificate } from "@chancery/formats/x509";
import { startStack } from "@chancery/server";
import { signInAs } from "../../server/test/idp/dev-sign-in.ts";
import { loopback } from "../../sign/test/loopback.ts";
import { World } from "./world.ts";

const world = new World();
const stack = await startStack({
  dataDirectory: world.path("data"),
  listen: "127.0.0.1:0",
  config: { logging: { level: "silent" }, idp: { dev: true } },
});
after(() => stack.close());
world.write("root.json", stack.trustedRoot);
const config = decodeSigningConfig(stack.signingConfig);
const oidc = config.oidcUrls[0]?.url as string;
const tsa = config.tsaUrls[0]?.url as string;
world.write("v2.json", stack.signingConfig);
/** The stack's services, some of them changed. */
function configured(name: string, change: Partial<SigningConfig>): string {
  return world.write(name, encodeSigningConfig({ ...config, ...change }));
}
const rekor1 = config.rekorTlogUrls.filter(({ majorApiVersion }) => majorApiVersion === 1);
configured("v1.json", { rekorTlogUrls: rekor1, tsaUrls: [] });
configured("v1-tsa.json", { rekorTlogUrls: rekor1 });
configured("no-tsa.json", { tsaUrls: [] });
configured("no-log.json", { rekorTlogUrls: [] });
const env = { HOME: world.folder, XDG_CACHE_HOME: world.path("cache") };
world.write("f", "the content\n");
world.write("g", "more content\n");
world.write("h", "yet more\n");
world.write("p.json", '{"a":1}');
for (const [name, algorithm] of [
  ["k", "ecdsa-sha2-256-nistp256"],
  ["p384", "ecdsa-sha2-384-nistp384"],
  ["ed", "ed25519"],
  ["rsa", "rsa-sign-pkcs1-2048-sha256"],
] as const) {
  world.key(name, algorithm);
}
const token = await signInAs(oidc, "alice@example.com");
world.write("token", token);

async function run(line: string, code = 0) {
  const result = await world.run(line, { env });
  assert.equal(result.code, code, `${line}\n${result.stderr}`);
  assert.ok(!result.stderr.includes(token) && !result.stdout.includes(token));
  return result;
}

const as = (configName: string): string =>
  `--identity-token token --trusted-root root.json --signing-config ${configName} -y`;

/** Runs the line that was printed for whoever verifies, and answers with the evidence. */
async function verifyAsTold(stderr: string): Promise<any> {
  const line = /\n {2}chancery (verify-.*)\n$/.exec(stderr)?.[1] ?? "";
  assert.notEqual(line, "", stderr);
  const { stdout } = await run(`${line} --output json`);
  return JSON.parse(stdout);
}

const wholeIdentity = `--certificate-identity alice@example.com --certificate-oidc-issuer ${oidc}`;

describe("keyless", () => {
  for (const [name, times] of [
    ["v2.json", ["timestamp-authority"]],
    ["v1.json", ["log"]],
    ["v1-tsa.json", ["log", "timestamp-authority"]],
  ] as const) {
    test(`sign-blob with ${name} verifies as it says`, async () => {
      const { stderr } = await run(`sign-blob ${as(name)} f`);
      assert.match(stderr, /^Certified as alice@example\.com, vouched for by http:.*\/oidc\n/);
      assert.match(stderr, /\nLogged with index \d+ in http/);
      const evidence = await verifyAsTold(stderr);
      assert.equal(evidence.signer.identity, "alice@example.com");
      assert.deepEqual(
        evidence.times.map(({ source }: { source: string }) => source),
        times,
      );
    });

    test(`attest-blob with ${name} verifies as it says`, async () => {
      const type = "--type https://example.com/p --predicate p.json";
      const { stderr } = await run(`attest-blob ${as(name)} ${type} f`);
      const evidence = await verifyAsTold(stderr);
      assert.equal(evidence.statement.predicateType, "https://example.com/p");
    });
  }

  test("many files have one certificate, and JSON says which", async () => {
    const { stdout, stderr } = await run(`sign-blob ${as("v2.json")} --output json f g h`);
    assert.equal(stderr.match(/^Certified as/gm)?.length, 1);
    const { files } = JSON.parse(stdout);
    const leaves = ["f", "g", "h"].map((name) => {
      const { keyMaterial } = decodeBundle(world.read(`${name}.sigstore.json`));
      assert.ok(keyMaterial.kind === "certificate");
      return Buffer.from(keyMaterial.certificate).toString("hex");
    });
    assert.equal(new Set(leaves).size, 1);
    for (const file of files) {
      assert.equal(file.certificate.identity, "alice@example.com");
      assert.equal(file.certificate.issuer, oidc);
      assert.equal(file.logEntries.length, 1);
      assert.equal(file.timestamps, 1);
    }
  });

  test("the URLs of the services do instead of a signing config", async () => {
    const { url } = stack;
    const urls = `--fulcio-url ${url} --rekor-url ${url} --trusted-root root.json -y`;
    const one = await run(`sign-blob --identity-token ${token} ${urls} f`);
    await verifyAsTold(one.stderr);
    const more = `--rekor-version 2 --timestamp-server-url ${tsa}`;
    const two = await run(`sign-blob --identity-token token ${urls} ${more} f`);
    await verifyAsTold(two.stderr);
    const unlogged = `--fulcio-url ${url} --timestamp-server-url ${tsa} --tlog-upload=false`;
    const three = await run(
      `sign-blob --identity-token token ${unlogged} --trusted-root root.json -y f`,
    );
    assert.match(three.stderr, /--insecure-ignore-tlog --use-signed-timestamps f\n$/);
    assert.deepEqual((await verifyAsTold(three.stderr)).logEntries, []);
  });

  test("cosign's older format and the certificate alone are written on request", async () => {
    const flags = `${as("v1.json")} --new-bundle-format=false --bundle old.json`;
    await run(`sign-blob ${flags} --output-certificate c.pem f`);
    assert.match(world.read("c.pem"), /^-----BEGIN CERTIFICATE-----\n/);
    await run(`verify-blob --bundle old.json ${wholeIdentity} --trusted-root root.json f`);
    await run(`sign-blob ${as("v2.json")} --new-bundle-format=false --bundle old.json f`, 2);
  });

  test("nobody else, nothing else and no other issuer verifies", async () => {
    await run(`sign-blob ${as("v2.json")} --bundle b.json f`);
    const verify = "verify-blob --bundle b.json --trusted-root root.json";
    await run(`${verify} ${wholeIdentity} f`);
    for (const [changed, file, code] of [
      [wholeIdentity.replace("alice", "bob"), "f", "identity-mismatch"],
      [wholeIdentity.replace("/oidc", ""), "f", "issuer-mismatch"],
      [wholeIdentity, "g", "artifact-digest-mismatch"],
      ["--key k.pub", "f", "key-given-for-certificate"],
    ] as const) {
      const { stderr } = await run(`${verify} ${changed} ${file}`, 1);
      assert.match(stderr, new RegExp(code));
    }
  });
});

describe("a key that is kept, certified", () => {
  for (const key of ["k", "p384", "ed", "rsa"]) {
    for (const name of ["v1.json", "v2.json"]) {
      test(`${key} with ${name} verifies by the key and by the identity`, async () => {
        const sign = `sign-blob --key ${key}.key --issue-certificate ${as(name)} --bundle c.json f`;
        const { stderr } = await run(sign);
        assert.match(stderr, /--key \S+\.pub --bundle c\.json .*--level certified f\n$/);
        const evidence = await verifyAsTold(stderr);
        assert.equal(evidence.signer.identity, "alice@example.com");
        const verify = "verify-blob --bundle c.json --trusted-root root.json";
        await run(`${verify} ${wholeIdentity} f`);
        await run(`${verify} ${wholeIdentity} --key ${key}.pub f`);
        await run(`${verify} --key ${key === "k" ? "ed" : "k"}.pub --fail-open f`, 1);
      });
    }
  }

  test("is found in the log by the key as well as by the identity", async () => {
    world.key("own");
    const sign = `sign-blob --key own.key --issue-certificate ${as("v1.json")} --bundle c.json f`;
    const { stdout } = await run(`${sign} --output json`);
    const index = JSON.parse(stdout).files[0].logEntries[0].logIndex as string;
    const found = async (by: string): Promise<string> =>
      (await run(`log search ${by} --rekor-server ${stack.url} --format json`)).stdout;
    const byKey = await found("--public-key own.pub --pki-format x509");
    assert.match(byKey, /[0-9a-f]{64}/, index);
    const id = /[0-9a-f]{64,80}/.exec(byKey)?.[0] ?? "";
    const byIdentity = await found("--email alice@example.com");
    assert.ok(byIdentity.includes(id.slice(-64)), byIdentity);
  });

  test("checks fail open where the trusted root does not know the authority", async () => {
    await run(`sign-blob --key k.key --issue-certificate ${as("v2.json")} --bundle c.json f`);
    const stranger = JSON.parse(stack.trustedRoot);
    stranger.certificateAuthorities = [];
    world.write("stranger.json", JSON.stringify(stranger));
    const verify = "verify-blob --bundle c.json --trusted-root stranger.json --key k.pub f";
    assert.match((await run(verify, 1)).stderr, /certificate-untrusted/);
    const { stderr } = await run(`${verify} --fail-open-until 2999-01-01`);
    assert.match(stderr, /not enforced: certificate: .*\(certificate-untrusted\)/);
  });

  test("attestations are certified alike", async () => {
    const flags = "--type https://example.com/p --predicate p.json --bundle a.json";
    const sign = `attest-blob --key ed.key --issue-certificate ${as("v2.json")} ${flags} f`;
    await verifyAsTold((await run(sign)).stderr);
  });
});

describe("a key by itself", () => {
  test("has its time attested where the signing config lists an authority", async () => {
    const line = "sign-blob --key k.key -y --bundle k.json --trusted-root root.json";
    const logged = await run(`${line} --signing-config v2.json f`);
    assert.equal(decodeBundle(world.read("k.json")).timestamps.length, 1);
    const evidence = await verifyAsTold(logged.stderr);
    assert.equal(evidence.times.length, 1);
    const unlogged = await run(`${line} --signing-config no-log.json f`);
    assert.match(unlogged.stderr, /--level keyed --use-signed-timestamps f\n$/);
    await verifyAsTold(unlogged.stderr);
    await verifyAsTold((await run(`${line} --timestamp-server-url ${tsa} f`)).stderr);
  });
});

describe("a log that cannot be reached", () => {
  const down = "http://127.0.0.1:1";
  const later = (name: string): string =>
    world.read(`${name}.pending.json`).replaceAll(down, stack.url);

  for (const who of ["--key k.key", "", "--key ed.key --issue-certificate"]) {
    for (const version of [1, 2]) {
      test(`is made up for later: ${who || "keyless"}, Rekor v${version}`, async () => {
        const isKey = who === "--key k.key";
        const identity = isKey ? "" : `--identity-token token --fulcio-url ${stack.url}`;
        const urls = `${identity} --rekor-url ${down} --rekor-version ${version}`;
        const more = `--timestamp-server-url ${tsa} --trusted-root root.json -y --bundle w.json`;
        const line = `sign-blob ${who} ${urls} ${more} f`;
        assert.match((await run(line, 3)).stderr, /the Rekor v\d log at/);
        const { stderr } = await run(`${line} --allow-pending`);
        assert.match(stderr, /cannot be reached: the entry is pending/);
        assert.match(stderr, /\n {2}chancery bundle complete w\.json\n/);
        const policy =
          who === "" ? wholeIdentity : `--key ${who.split(" ")[1]?.replace("key", "pub")}`;
        const verify = `verify-blob ${policy} --bundle w.json --trusted-root root.json f`;
        assert.match(
          (await run(verify, 1)).stderr,
          /log-entry-missing.*\nhint: .*chancery bundle complete w\.json/s,
        );
        await run(`${verify} --insecure-ignore-tlog --use-signed-timestamps`);
        await run("bundle complete w.json", 3);
        world.write("w.json.pending.json", later("w.json"));
        const completed = await run("bundle complete w.json --trusted-root root.json");
        assert.match(completed.stderr, /Logged with index \d+ in http.*\nCompleted bundle w\.json/);
        assert.equal(world.has("w.json.pending.json"), false);
        await run(verify);
        assert.match((await run("bundle complete w.json", 2)).stderr, /nothing is pending/);
      });
    }
  }

  test("is only put off where something proves the time of a certificate", async () => {
    const urls = `--fulcio-url ${stack.url} --rekor-url ${down} --identity-token token -y`;
    const { stderr } = await run(`sign-blob ${urls} --allow-pending f`, 2);
    assert.match(stderr, /timestamp authority is needed: a certificate ends before a pending/);
  });

  test("is not one that refuses", async () => {
    const bad = await loopback(() => ({ status: 400, body: '{"message":"no"}' }));
    const line = `sign-blob --key k.key -y --bundle n.json --allow-pending --rekor-url ${bad.url} f`;
    assert.match((await run(line, 1)).stderr, /answers 400: no/);
    assert.equal(world.has("n.json"), false);
  });

  test("has its entry of another signature refused", async () => {
    const line = `sign-blob --key k.key -y --allow-pending --rekor-url ${down} --bundle`;
    await run(`${line} x.json f`);
    await run(`${line} y.json g`);
    world.write("y.json.pending.json", later("x.json"));
    const { stderr } = await run("bundle complete y.json", 2);
    assert.match(stderr, /pending entry is of another signature/);
    world.write("y.json.pending.json", "{}");
    await run("bundle complete y.json", 2);
    // A bundle that is made anew has nothing pending any more.
    await run("sign-blob --key k.key -y --bundle y.json g");
    assert.equal(world.has("y.json.pending.json"), false);
  });
});

describe("wrong ways to sign with an identity", () => {
  test("say what to do, before anything is signed", async () => {
    const { url } = stack;
    const cases: readonly [string, number, RegExp][] = [
      [as("no-tsa.json"), 2, /timestamp authority is needed: Rekor v2 does not say when/],
      [`--fulcio-url ${url} -y`, 2, /--rekor-url is missing .*\nhint: .*--tlog-upload=false/s],
      [`--rekor-url ${url} -y`, 2, /--fulcio-url is missing/],
      [`--fulcio-url ${url} --tlog-upload=false -y`, 2, /nothing says when the signature was/],
      [`${as("v2.json")} --fulcio-url ${url}`, 2, /cannot specify service URLs/],
      [`${as("v2.json")} --oidc-issuer ${oidc}`, 2, /cannot specify service URLs/],
      [`${as("v2.json")} --tlog-upload=false`, 2, /--tlog-upload=false is not supported/],
      [`${as("v2.json")} --issue-certificate`, 2, /over a key that you keep/],
      [`${as("v2.json")} --key k.key`, 2, /--key signs by itself/],
      ["--signing-config v2.json -y --oidc-disable-ambient-providers", 2, /nobody is there/],
      ["--signing-config v2.json -y --identity-token nonsense", 2, /cannot read an identity token/],
      ["--signing-config v2.json -y --fulcio-auth-flow token", 2, /the flow token needs a token/],
      ["--signing-config v2.json -y --fulcio-auth-flow x", 2, /not one of normal, device/],
    ];
    for (const [flags, code, said] of cases) {
      const { stderr } = await run(`sign-blob --bundle never.json ${flags} f`, code);
      assert.match(stderr, said, flags);
      assert.equal(world.has("never.json"), false, flags);
    }
  });

  test("tell no part of a token that is a secret, however much they say", async () => {
    const [head, claims, signature = ""] = token.split(".");
    const forged = `${head}.${claims}.${signature.slice(0, -8)}AAAAAAAA`;
    world.write("forged", forged);
    const services = "--trusted-root root.json --signing-config v2.json -y --verbose";
    for (const [given, isTaken] of [
      ["token", true],
      [token, true],
      ["forged", false],
      [forged, false],
    ] as const) {
      const line = `sign-blob --identity-token ${given} ${services} f`;
      const { code, stdout, stderr } = await world.run(line, { env });
      assert.equal(code === 0, isTaken, stderr);
      assert.match(stderr, /identity alice@example\.com, by given/);
      assert.ok(!(stdout + stderr).includes(signature.slice(0, 40)));
    }
  });

  test("publishing is asked about, and can be declined", async () => {
    const line = "sign-blob --signing-config v2.json --identity-token token --bundle q.json f";
    const no = await world.run(line, { env, person: { confirms: [false] } });
    assert.equal(no.code, 2, no.stderr);
    assert.match(no.stderr, /will be public in http.*nothing was signed\nhint: sign with a key/s);
    assert.equal(world.has("q.json"), false);
    const yes = await world.run(line, { env, person: { confirms: [true] } });
    assert.equal(yes.code, 0, yes.stderr);
    // Where nobody can answer it is told alone.
    assert.match((await run(`${line} --bundle r.json`)).stderr, /^The identity that signs,/);
  });

  test("a token of nobody that Fulcio knows is refused with its reason", async () => {
    const [head, claims = ""] = token.split(".");
    const other = JSON.parse(Buffer.from(claims, "base64url").toString());
    const forged = (change: object): string => {
      const payload = Buffer.from(JSON.stringify({ ...other, ...change })).toString("base64url");
      return `${head}.${payload}.AAAA`;
    };
    const cases: readonly [string, number, RegExp][] = [
      [forged({}), 1, /the certificate authority at .* refuses: There was an error processing/],
      [forged({ iss: "https://other.example" }), 1, /refuses: .*\nhint: /],
      [forged({ exp: 1 }), 2, /the identity token expired/],
      [forged({ aud: "other" }), 2, /is for "other", not for sigstore/],
      [forged({ email_verified: false }), 2, /has not verified the e-mail address/],
    ];
    for (const [text, code, said] of cases) {
      world.write("forged", text);
      const line = `sign-blob ${as("v2.json").replace("token token", "token forged")}`;
      const { stderr } = await run(`${line} --bundle never.json f`, code);
      assert.match(stderr, said);
      assert.ok(!stderr.includes(text.split(".")[1] ?? ""));
      assert.equal(world.has("never.json"), false);
    }
  });

  test("services that are down or refuse have their exit codes, and leave nothing behind", async () => {
    const { url } = stack;
    const no = (await loopback(() => ({ status: 400, body: '{"message":"no"}' }))).url;
    const odd = (await loopback(() => ({ body: "{}" }))).url;
    const down = "http://127.0.0.1:1";
    const cases: readonly [string, string, string, number, RegExp][] = [
      [down, url, tsa, 3, /the certificate authority at .*\nhint: check the address/s],
      [no, url, tsa, 1, /the certificate authority at .* refuses: no\nhint: check that/],
      [odd, url, tsa, 3, /answers with what is no certificate.*\nhint: .*of a Fulcio/s],
      [url, no, tsa, 1, /the Rekor v1 log at .* answers 400: no/],
      [url, url, down, 3, /the timestamp authority at .*\nhint: check the address/s],
      [url, url, no, 1, /the timestamp authority at .* answers 400: no/],
      [url, url, odd, 3, /answers with what is no timestamp.*\nhint: .*of the endpoint/s],
    ];
    for (const [fulcio, rekor, stamp, code, said] of cases) {
      const urls = `--fulcio-url ${fulcio} --rekor-url ${rekor} --timestamp-server-url ${stamp}`;
      const line = `sign-blob --identity-token token -y --bundle never.json ${urls} f`;
      assert.match((await run(line, code)).stderr, said);
      assert.equal(world.has("never.json"), false);
    }
    const slow = (await loopback(() => ({ hang: true }))).url;
    const urls = `--fulcio-url ${slow} --rekor-url ${url} --timeout 300ms`;
    const line = `sign-blob --identity-token token -y --bundle never.json ${urls} f`;
    assert.match((await run(line, 3)).stderr, /gave up after 300ms/);
  });

  test("the certificate is for minutes", async () => {
    await run(`sign-blob ${as("v2.json")} --bundle b.json f`);
    const { keyMaterial } = decodeBundle(world.read("b.json"));
    assert.ok(keyMaterial.kind === "certificate");
    const { notBefore, notAfter } = decodeCertificate(keyMaterial.certificate);
    assert.ok(notAfter.getTime() - notBefore.getTime() <= 600_000 + 60_000);
  });
});
