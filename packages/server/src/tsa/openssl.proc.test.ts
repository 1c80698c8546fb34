// SPDX-License-Identifier: Apache-2.0
// OpenSSL as a client of the authority: its queries are answered, and it believes the answers.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { promisify } from "node:util";
import { encodeCertificatePem } from "@chancery/formats/x509";
import { chain, post, startedTsa } from "../../test/timestamp-server.ts";

const missing = spawnSync("openssl", ["version"]).status === 0 ? false : "no openssl here";
const directory = mkdtempSync(join(tmpdir(), "chancery-tsa-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const path = (name: string): string => join(directory, name);
const run = promisify(execFile);

async function openssl(...args: readonly string[]): Promise<string> {
  return (await run("openssl", [...args])).stdout;
}

writeFileSync(path("file"), "what is stamped");
writeFileSync(path("other"), "what is not");
writeFileSync(path("root.pem"), encodeCertificatePem(chain[2]));
writeFileSync(path("issuer.pem"), encodeCertificatePem(chain[1]));
writeFileSync(path("chain.pem"), chain.map(encodeCertificatePem).join(""));
const at = String(Date.parse("2030-01-01T01:00:00Z") / 1000);

suite("OpenSSL", { skip: missing }, () => {
  for (const hash of ["sha256", "sha384", "sha512"]) {
    for (const [name, query, untrusted] of [
      ["with certificate", ["-cert"], "issuer.pem"],
      ["with certificate, without nonce", ["-cert", "-no_nonce"], "issuer.pem"],
      ["without certificate", [], "chain.pem"],
    ] as const) {
      test(`believes a timestamp over ${hash} ${name}`, async (t) => {
        const server = await startedTsa(t);
        await openssl(
          "ts",
          "-query",
          "-data",
          path("file"),
          `-${hash}`,
          ...query,
          "-out",
          path("q"),
        );
        const answer = await post(server, new Uint8Array(readFileSync(path("q"))));
        writeFileSync(path("r"), answer.bytes);
        const trust = ["-CAfile", path("root.pem"), "-untrusted", path(untrusted), "-attime", at];
        const verified = await openssl(
          "ts",
          "-verify",
          "-in",
          path("r"),
          "-queryfile",
          path("q"),
          ...trust,
        );
        assert.match(verified, /Verification: OK/);
        await openssl("ts", "-verify", "-in", path("r"), "-data", path("file"), ...trust);
        const wrong = openssl("ts", "-verify", "-in", path("r"), "-data", path("other"), ...trust);
        await assert.rejects(wrong, { code: 1 });
      });
    }
  }

  test("prints what a timestamp and a refusal say", async (t) => {
    const server = await startedTsa(t, { rfc3161Statuses: true, includeChain: true });
    await openssl("ts", "-query", "-data", path("file"), "-sha256", "-cert", "-out", path("q"));
    writeFileSync(path("r"), (await post(server, new Uint8Array(readFileSync(path("q"))))).bytes);
    const text = await openssl("ts", "-reply", "-in", path("r"), "-text");
    for (const expected of [
      /^Status: Granted\.$/m,
      /^Policy OID: 1\.3\.6\.1\.4\.1\.57264\.2$/m,
      /^Hash Algorithm: sha256$/m,
      /^Time stamp: Jan {2}1 01:00:00 2030 GMT$/m,
      /^Accuracy: 0x01 seconds/m,
      /^Ordering: no$/m,
      /^TSA: DirName:\/O=test\/CN=Timestamp authority$/m,
    ]) {
      assert.match(text, expected);
    }
    await openssl("ts", "-reply", "-in", path("r"), "-token_out", "-out", path("token"));
    const token = await openssl("asn1parse", "-inform", "DER", "-in", path("token"));
    assert.equal(token.match(/:id-smime-ct-TSTInfo$/gm)?.length, 2);
    const policy = ["-tspolicy", "1.2.3.4"];
    await openssl("ts", "-query", "-data", path("file"), "-sha256", ...policy, "-out", path("q"));
    writeFileSync(path("r"), (await post(server, new Uint8Array(readFileSync(path("q"))))).bytes);
    const refusal = await openssl("ts", "-reply", "-in", path("r"), "-text");
    assert.match(refusal, /^Status: Rejected\.$/m);
    assert.match(refusal, /^Status description: unaccepted policy: requested TSA policy/m);
    assert.match(refusal, /^Failure info: the requested TSA policy is not supported/m);
  });
});
