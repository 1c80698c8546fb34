// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { encodeBase64 } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import {
  parseSignedCheckpoint,
  treeHeadVerifier,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { verifySct } from "@chancery/formats/sct";
import { decodeTrustedRoot } from "@chancery/formats/trust";
import {
  decodeCertificate,
  encodeCertificatePem,
  extensionOids,
  tbsWithoutExtension,
} from "@chancery/formats/x509";
import { pino } from "pino";
import { newDirectory } from "../../../test/directory.ts";
import { refusal } from "../../../test/refusal.ts";
import { newAuthority, newChain } from "../../../test/ct-world.ts";
import { CtLogError } from "../../fulcio/index.ts";
import { type Stack, type StackConfigInput, startStack } from "../index.ts";
import { ct, type CtApi } from "./ct.ts";
import type { StackService } from "./service.ts";

const authority = await newAuthority();

/** A service that takes the door in the process, as an authority does. */
function neighbour(take: (api: CtApi | undefined) => void): StackService<never> {
  return {
    name: "neighbour",
    open: async ({ opened }) => {
      take(opened(ct));
      return { addRoutes: async () => undefined, close: async () => undefined };
    },
  };
}

async function start(
  t: TestContext,
  dataDirectory: string,
  settings: StackConfigInput["ct"] = {},
  services: readonly StackService[] = [ct],
): Promise<Stack> {
  const stack = await startStack({
    dataDirectory,
    config: { ct: settings },
    listen: "127.0.0.1:0",
    logger: pino({ level: "silent" }),
    services,
  });
  t.after(() => stack.close());
  return stack;
}

suite("the log of certificates of a stack", () => {
  test("gives an authority in the process what the trusted root verifies", async (t) => {
    let api: CtApi | undefined;
    const services = [ct, neighbour((taken) => (api = taken))];
    const stack = await start(t, newDirectory(t), {}, services);
    const [pre, issuer, root] = await newChain(authority, { poison: true });
    assert.ok(api);
    await assert.rejects(api.submit([pre, issuer, root]), (error) => {
      assert.ok(error instanceof CtLogError);
      assert.match(error.message, /no accepted root issued certificate 2/);
      return error.code === "refused";
    });
    api.acceptRoots([authority.root.certificate]);
    const sct = await api.submit([pre, issuer, root]);

    const [log, ...others] = decodeTrustedRoot(stack.trustedRoot).ctlogs;
    assert.ok(log);
    assert.equal(others.length, 0);
    assert.equal(log.baseUrl, `${stack.url}/ct`);
    assert.deepEqual(log.logId, sct.logId);
    assert.equal(stack.facts["ctLogId"], encodeBase64(sct.logId));
    assert.ok(log.validFor.start !== undefined && log.validFor.start.getTime() < sct.timestampMs);
    const tbs = tbsWithoutExtension(decodeCertificate(pre), extensionOids.precertificatePoison);
    const keyHash = sha256(decodeCertificate(issuer).publicKey.spki);
    assert.equal(verifySct(sct, keyHash, tbs, log.publicKey), true);

    const sth = await (await fetch(`${log.baseUrl}/ct/v1/get-sth`)).json();
    assert.equal((sth as { tree_size: number }).tree_size, 1);
    const checkpoint = await (await fetch(`${log.baseUrl}/checkpoint`)).text();
    const verifier = treeHeadVerifier("localhost/ct", log.publicKey);
    const { note } = parseSignedCheckpoint(checkpoint);
    assert.equal(verifyNoteSignature(note, verifier).status, "verified");
    assert.equal((await fetch(`${stack.url}/readyz`)).status, 200);
    const metrics = await (await fetch(`${stack.url}/metrics`)).text();
    assert.match(metrics, /^chancery_ct_log_size 1$/m);
  });

  test("is the same at the next start, with what was logged", async (t) => {
    const directory = newDirectory(t);
    let api: CtApi | undefined;
    const services = [ct, neighbour((taken) => (api = taken))];
    const first = await start(t, directory, {}, services);
    api?.acceptRoots([authority.root.certificate]);
    const chain = await newChain(authority, { poison: true });
    const sct = await api!.submit(chain);
    await first.close();
    assert.equal(statSync(join(directory, "keys", "ct.pem")).mode & 0o777, 0o600);
    const second = await start(t, directory, {}, services);
    api?.acceptRoots([authority.root.certificate]);
    const again = await api!.submit(chain);
    assert.equal(again.timestampMs, sct.timestampMs);
    assert.deepEqual(again.extensions, sct.extensions);
    const [before, after] = [first, second].map(
      ({ trustedRoot }) => decodeTrustedRoot(trustedRoot).ctlogs[0]!,
    );
    assert.deepEqual(after!.logId, before!.logId);
    assert.deepEqual(after!.validFor, before!.validFor);
  });

  test("takes the roots of a file, and purposes, that are configured", async (t) => {
    const directory = newDirectory(t);
    const pem = encodeCertificatePem(authority.root.certificate);
    writeFileSync(join(directory, "roots.pem"), pem);
    const server = "1.3.6.1.5.5.7.3.1";
    const stack = await start(t, directory, { roots: "roots.pem", purposes: [server] });
    const add = async (purpose: string): Promise<[number, string]> => {
      const chain = await newChain(authority, { purposes: [purpose] });
      const body = JSON.stringify({ chain: chain.map((der) => encodeBase64(der)) });
      const answer = await fetch(`${stack.url}/ct/ct/v1/add-chain`, { method: "POST", body });
      return [answer.status, await answer.text()];
    };
    assert.equal((await add(server))[0], 200);
    const [status, text] = await add("1.3.6.1.5.5.7.3.3");
    assert.equal(status, 400);
    assert.match(text, /without EKU in \[1\.3\.6\.1\.5\.5\.7\.3\.1\]/);
  });

  test("does not start without its key or identity, nor with roots that are none", async (t) => {
    const directory = newDirectory(t);
    const roots = { roots: "roots.pem" };
    assert.match(
      await refusal(start(t, directory, roots), "configuration"),
      /roots\.pem is missing/,
    );
    writeFileSync(join(directory, "roots.pem"), "-----BEGIN CERTIFICATE-----\n");
    assert.match(await refusal(start(t, directory, roots), "configuration"), /roots\.pem: pem/);
    await (await start(t, directory)).close();
    const [key, identity] = ["keys/ct.pem", "ct/log.json"].map((path) => join(directory, path)) as [
      string,
      string,
    ];
    renameSync(identity, `${identity}.kept`);
    assert.match(await refusal(start(t, directory), "identity"), /log\.json is missing/);
    const text = readFileSync(`${identity}.kept`, "utf8");
    for (const damaged of ["{}", text.slice(1), text.replace("localhost/ct", "a b")]) {
      writeFileSync(identity, damaged);
      assert.match(await refusal(start(t, directory), "identity"), /log\.json: /);
    }
    writeFileSync(identity, text);
    rmSync(key);
    assert.match(await refusal(start(t, directory), "key"), /ct\.pem is missing/);
  });

  for (const [settings, message] of [
    [{ purposes: [] }, /ct\.purposes/],
    [{ purposes: ["codeSigning"] }, /ct\.purposes\.0: is no dotted number/],
    [{ roots: "" }, /ct\.roots/],
  ] as const) {
    test(`does not start with ${JSON.stringify(settings)}`, async (t) => {
      const problem = await refusal(start(t, newDirectory(t), settings), "configuration");
      assert.match(problem, message);
    });
  }
});
