// SPDX-License-Identifier: Apache-2.0
// What the signing tests of sigstore-conformance do, for where the suite itself cannot be had: our
// client of its command line signs at our stack, and sigstore-js, too, verifies that.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Bundle, decodeBundle } from "@chancery/formats/bundle";
import { decodeTrustedRoot } from "@chancery/formats/trust";
import { writeContents } from "./keyless-writers.ts";
import { LogServer } from "./log-server.ts";
import { statement } from "./make-fixtures/common.ts";
import { type Outcome, run } from "./run-peer.ts";
import { signInAs } from "./sign-in.ts";
import { askJavascript, type Question } from "./verifiers.ts";

const client = fileURLToPath(new URL("conformance-client", import.meta.url));
const identity = "conformance@example.com";
const folder = mkdtempSync(join(tmpdir(), "chancery-conformance-"));
const server = new LogServer(join(folder, "server"), { dev: true });
let token: string;

before(async () => {
  await server.start();
  writeContents(folder);
  token = await signInAs(server.issuer, identity);
});

after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe("the client of the conformance suite", () => {
  test("signs a file for the default instance", () => {
    assertVerifies(signed("simple.json", ["artifact.txt"]), "artifact.txt");
  });

  test("signs with what it is told of another instance, and logs by Rekor v2", () => {
    const bundle = signed("rekor2.json", [...told(), "artifact.txt"]);
    const [entry] = decoded(bundle).tlogEntries;
    assert.deepEqual([entry?.kind, entry?.kindVersion], ["hashedrekord", "0.0.2"]);
    assertVerifies(bundle, "artifact.txt", told().slice(0, 2));
  });

  test("puts a certificate into the bundle, and never a root", () => {
    const { keyMaterial } = decoded(signed("rootless.json", ["artifact.txt"]));
    assert.equal(keyMaterial.kind, "certificate");
    const { certificateAuthorities } = decodeTrustedRoot(readFileSync(server.trustedRoot));
    const roots = certificateAuthorities.flatMap(({ certificates }) => certificates.slice(-1));
    assert.ok(roots.length > 0);
    for (const { der } of roots) assert.notDeepEqual(keyMaterial.certificate, der);
  });

  test("verifies by digest what it has signed", () => {
    const bundle = signed("digest.json", ["artifact.txt"]);
    const subject = JSON.parse(statement) as { subject: { digest: { sha256: string } }[] };
    const digest = `sha256:${subject.subject[0]?.digest.sha256}`;
    assert.equal(verified(bundle, digest).status, 0);
    assert.equal(verified(bundle, digest.replace(/.$/, "x")).status, 2); // neither digest nor file
    const another = digest.replace(/[^:]*$/, "0".repeat(64));
    assert.equal(verified(bundle, another).status, 1);
  });

  test("signs a Statement as the bytes that it is", () => {
    // White space and an order of names that no encoder would write.
    const bytes = `\n${statement.replace("{", "{ ").replaceAll('","', '" ,\t"')}\n`;
    writeFileSync(join(folder, "odd.json"), bytes);
    const bundle = signed("dsse.json", ["--in-toto", "odd.json"]);
    const { content } = decoded(bundle);
    assert.equal(content.kind, "envelope");
    assert.equal(Buffer.from(content.envelope.payload).toString(), bytes);
    assertVerifies(bundle, "artifact.txt");
  });

  test("signs nothing with a token that is no good", () => {
    const [header = "", , signature = ""] = token.split(".");
    const claims = { iss: server.issuer, aud: "sigstore", email: identity, email_verified: true };
    const forged = (exp: number): string => {
      const payload = Buffer.from(JSON.stringify({ ...claims, sub: "x", exp })).toString(
        "base64url",
      );
      return [header, payload, signature].join(".");
    };
    const later = Math.floor(Date.now() / 1000) + 600;
    for (const [bad, words] of [
      ["nonsense", /three parts/],
      [forged(1), /expired/],
      [forged(later), /identity token/],
    ] as const) {
      const { status, stderr } = sign("bad.json", ["artifact.txt"], bad);
      assert.equal(status, 1, stderr);
      assert.match(stderr, words);
      assert.ok(!stderr.includes(signature), "the token is a secret");
    }
  });

  test("signs nothing that is no Statement for one", () => {
    const { status, stderr } = sign("bad.json", ["--in-toto", "predicate.json"]);
    assert.equal(status, 1);
    assert.match(stderr, /not an in-toto Statement/);
  });
});

function told(): string[] {
  return ["--trusted-root", server.trustedRoot, "--signing-config", server.signingConfig];
}

function sign(bundle: string, args: readonly string[], as = token): Outcome {
  return start(["sign-bundle", "--identity-token", as, "--bundle", bundle, ...args]);
}

/** @returns the bundle's name */
function signed(bundle: string, args: readonly string[]): string {
  const { status, stderr } = sign(bundle, args);
  assert.equal(status, 0, stderr);
  return bundle;
}

function verified(bundle: string, artifact: string, trust: readonly string[] = []): Outcome {
  const who = ["--certificate-identity", identity, "--certificate-oidc-issuer", server.issuer];
  return start(["verify-bundle", "--bundle", bundle, ...who, ...trust, artifact]);
}

/** In the folder, with ours for the default instance. */
function start(args: readonly string[]): Outcome {
  return run(client, args, {
    cwd: folder,
    env: {
      CHANCERY_CONFORMANCE_TRUSTED_ROOT: server.trustedRoot,
      CHANCERY_CONFORMANCE_SIGNING_CONFIG: server.signingConfig,
    },
  });
}

/** By our client, which refuses another file, and by sigstore-js. */
function assertVerifies(bundle: string, artifact: string, trust: readonly string[] = []): void {
  const { status, stderr } = verified(bundle, artifact, trust);
  assert.equal(status, 0, stderr);
  assert.equal(verified(bundle, "other.txt", trust).status, 1);
  const question: Question = {
    bundle: join(folder, bundle),
    artifact: join(folder, artifact),
    trustedRoot: server.trustedRoot,
    signer: { kind: "identity", identity, issuer: server.issuer },
  };
  const answer = askJavascript(question);
  assert.equal(answer?.accepted, true, answer?.words);
}

function decoded(bundle: string): Bundle {
  return decodeBundle(readFileSync(join(folder, bundle)));
}
