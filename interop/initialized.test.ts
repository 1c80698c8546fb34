// SPDX-License-Identifier: Apache-2.0
// Clients that know nothing but the TUF root of `chancery up`: told of it once, each signs and
// verifies without being told of services, keys or files.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { writeContents } from "./keyless-writers.ts";
import { LogServer } from "./log-server.ts";
import { peer } from "./peers.ts";
import { lastWords, type Outcome, run } from "./run-peer.ts";
import { signInAs } from "./sign-in.ts";
import { sigstoreJsClient } from "./sigstore-js.ts";
import { chanceryCommand } from "./verifiers.ts";

const identity = "signer@example.com";
const folder = mkdtempSync(join(tmpdir(), "chancery-initialized-"));
const server = new LogServer(join(folder, "server"), { dev: true });
const root = join(folder, "root.json");
/** The bundle that each client has written, by its name. */
const bundles = new Map<string, string>();

/** A command that keeps what it knows of Sigstore in a home of its own. */
interface Client {
  readonly name: string;
  readonly program: string;
  readonly before?: readonly string[];
  /** Between the command's name and what it is about. */
  readonly flags?: { readonly sign?: readonly string[]; readonly verify?: readonly string[] };
}

const [node, chancery] = chanceryCommand;
const clients: readonly Client[] = [
  { name: "cosign", program: peer("cosign").path },
  {
    name: "cosign-2",
    program: peer("cosign-2").path,
    flags: {
      sign: ["--use-signing-config"],
      verify: ["--new-bundle-format", "--use-signed-timestamps"],
    },
  },
  { name: "chancery", program: node, before: [chancery] },
];

before(async () => {
  await server.start();
  writeContents(folder);
  const served = await fetch(`${server.url}/tuf/1.root.json`);
  writeFileSync(root, await served.text());
});

after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe("initialize, then sign and verify", () => {
  for (const client of clients) {
    const { name, flags } = client;
    test(name, async () => {
      const start = (...args: readonly string[]): Outcome => runIn(client, args);
      const mirror = ["--mirror", `${server.url}/tuf`, "--root", `${server.url}/tuf/1.root.json`];
      const digest = createHash("sha256").update(readFileSync(root)).digest("hex");
      const bad = start("initialize", ...mirror, "--root-checksum", "0".repeat(64));
      assert.notEqual(bad.status, 0);
      assertDone(start("initialize", ...mirror, "--root-checksum", digest));
      const who = ["--yes", "--identity-token", await signInAs(server.issuer, identity)];
      const out = `${name}.sigstore.json`;
      const signing = [...who, ...(flags?.sign ?? []), "--bundle", out, "artifact.txt"];
      assertDone(start("sign-blob", ...signing));
      bundles.set(name, out);
      assertVerifies(start, [...(flags?.verify ?? []), "--bundle", out]);
    });
  }

  test("sigstore-python", async () => {
    const python = { name: "sigstore-python", program: peer("sigstore-python").path };
    const start = (...args: readonly string[]): Outcome =>
      runIn(python, ["--instance", `${server.url}/tuf`, ...args]);
    assert.notEqual(start("sign", "artifact.txt").status, 0, "before it is told of a root");
    assertDone(start("trust-instance", root));
    const out = "sigstore-python.sigstore.json";
    const token = await signInAs(server.issuer, identity);
    assertDone(start("sign", "--identity-token", token, "--bundle", out, "artifact.txt"));
    bundles.set("sigstore-python", out);
    const verify = (email: string): Outcome => {
      const who = ["--cert-identity", email, "--cert-oidc-issuer", server.issuer];
      return start("verify", "identity", "--bundle", out, ...who, "artifact.txt");
    };
    assertDone(verify(identity));
    assert.notEqual(verify("other@example.com").status, 0);
  });

  test("sigstore-js verifies what they have signed", async () => {
    assert.ok(bundles.size > 0);
    const data = readFileSync(join(folder, "artifact.txt"));
    for (const [name, file] of bundles) {
      const bundle = JSON.parse(readFileSync(join(folder, file), "utf8")) as object;
      const verify = (email: string): Promise<unknown> =>
        sigstoreJsClient().verify(bundle, data, {
          tufMirrorURL: `${server.url}/tuf`,
          tufRootPath: root,
          tufCachePath: join(folder, "sigstore-js"),
          certificateIdentityEmail: `^${email}$`,
          certificateIssuer: server.issuer,
        });
      await assert.doesNotReject(verify(identity), name);
      await assert.rejects(verify("other@example.com"), name);
    }
  });
});

describe("cosign 2 as it is used by old scripts", () => {
  const [, cosign2] = clients as [Client, Client, Client];
  const old = { ...cosign2, name: "old-cosign" };
  const legacy = ["--bundle", "old.json"];

  test("signs by URLs, at Fulcio's first API, into the bundle of before", async () => {
    const mirror = ["--mirror", `${server.url}/tuf`, "--root", root];
    assertDone(runIn(old, ["initialize", ...mirror]));
    const who = ["--yes", "--identity-token", await signInAs(server.issuer, identity)];
    const where = ["--fulcio-url", server.url, "--rekor-url", server.url];
    assertDone(runIn(old, ["sign-blob", ...who, ...where, ...legacy, "artifact.txt"]));
    const written = JSON.parse(readFileSync(join(folder, "old.json"), "utf8")) as object;
    assert.deepEqual(Object.keys(written), ["base64Signature", "cert", "rekorBundle"]);
  });

  for (const [client, ...flags] of [
    [old],
    [clients[0] as Client, "--new-bundle-format=false"],
    [clients[2] as Client],
  ] as readonly (readonly [Client, ...string[]])[]) {
    test(`${client.name} verifies it`, () => {
      assertVerifies((...args) => runIn(client, args), [...flags, ...legacy]);
    });
  }
});

function runIn({ name, program, before = [] }: Client, args: readonly string[]): Outcome {
  const home = join(folder, `home-${name}`);
  mkdirSync(home, { recursive: true });
  return run(program, [...before, ...args], {
    cwd: folder,
    env: { HOME: home, XDG_CACHE_HOME: undefined, XDG_DATA_HOME: undefined, TUF_ROOT: undefined },
  });
}

function assertDone(outcome: Outcome): void {
  assert.equal(outcome.status, 0, lastWords(outcome));
}

/** By `verify-blob`, which refuses another file, identity or issuer. */
function assertVerifies(
  start: (...args: readonly string[]) => Outcome,
  about: readonly string[],
): void {
  const verify = (file: string, email: string, issuer: string): Outcome => {
    const who = ["--certificate-identity", email, "--certificate-oidc-issuer", issuer];
    return start("verify-blob", ...about, ...who, file);
  };
  assertDone(verify("artifact.txt", identity, server.issuer));
  assert.notEqual(verify("other.txt", identity, server.issuer).status, 0);
  assert.notEqual(verify("artifact.txt", "other@example.com", server.issuer).status, 0);
  assert.notEqual(verify("artifact.txt", identity, "https://other.example").status, 0);
}
