// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { encodeBase64 } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import {
  parseSignedCheckpoint,
  treeHeadVerifier,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { type Sct, verifySct } from "@chancery/formats/sct";
import { decodeTrustedRoot, periodContains, type TransparencyLog } from "@chancery/formats/trust";
import { decodeCertificate, extensionOids, tbsWithoutExtension } from "@chancery/formats/x509";
import { pino } from "pino";
import { newDirectory } from "../../../test/directory.ts";
import { newAuthority, newChain } from "../../../test/ct-world.ts";
import { type Stack, StackError, startStack } from "../index.ts";
import { rotateKeys } from "../rotate.ts";
import { ct, type CtApi } from "./ct.ts";
import type { StackService } from "./service.ts";

const authority = await newAuthority();

interface Started {
  readonly stack: Stack;
  readonly api: CtApi;
  /** What clients are told of its logs. */
  readonly logs: readonly TransparencyLog[];
}

async function start(t: TestContext, dataDirectory: string): Promise<Started> {
  let api: CtApi | undefined;
  const neighbour: StackService<never> = {
    name: "neighbour",
    open: async ({ opened }) => {
      api = opened(ct);
      return { addRoutes: async () => undefined, close: async () => undefined };
    },
  };
  const stack = await startStack({
    dataDirectory,
    listen: "127.0.0.1:0",
    logger: pino({ level: "silent" }),
    services: [ct, neighbour],
  });
  t.after(() => stack.close());
  assert.ok(api);
  api.acceptRoots([authority.root.certificate]);
  return { stack, api, logs: decodeTrustedRoot(stack.trustedRoot).ctlogs };
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

/** Whether clients that trust a log believe a promise. */
function isBelieved(sct: Sct, [pre, issuer]: readonly Uint8Array[], log: TransparencyLog): boolean {
  const tbs = tbsWithoutExtension(decodeCertificate(pre!), extensionOids.precertificatePoison);
  const keyHash = sha256(decodeCertificate(issuer!).publicKey.spki);
  return (
    verifySct(sct, keyHash, tbs, log.publicKey) &&
    periodContains(log.validFor, new Date(sct.timestampMs))
  );
}

suite("replacing the key of the log of certificates", () => {
  test("begins another log, while promises of the old one are believed and it is read", async (t) => {
    const directory = newDirectory(t);
    const before = await start(t, directory);
    const chain = await newChain(authority, { poison: true });
    const promised = await before.api.submit(chain);
    await before.stack.close();
    const rotated = new Date();
    const [begun] = await rotateKeys(directory, "ct", rotated, [ct]);
    assert.equal(begun?.name, "ct-2");

    const { stack, api, logs } = await start(t, directory);
    const [old, current, ...others] = logs;
    assert.ok(old && current);
    assert.deepEqual(others, []);
    assert.deepEqual(old.logId, before.logs[0]?.logId);
    assert.deepEqual(old.validFor, { ...before.logs[0]?.validFor, end: rotated });
    assert.deepEqual(current.validFor, { start: rotated });
    assert.deepEqual([old.baseUrl, current.baseUrl], [`${stack.url}/ct`, `${stack.url}/ct-2`]);
    const promise = await api.submit(chain);
    assert.deepEqual(promise.logId, current.logId);
    assert.equal(stack.facts["ctLogId"], encodeBase64(current.logId));
    assert.equal(stack.facts["ctOrigin"], "localhost/ct-2");
    assert.ok(isBelieved(promised, chain, old));
    assert.ok(isBelieved(promise, chain, current));
    assert.ok(!isBelieved(promise, chain, old));

    for (const [log, origin] of [
      [old, "localhost/ct"],
      [current, "localhost/ct-2"],
    ] as const) {
      const sth = (await (await fetch(`${log.baseUrl}/ct/v1/get-sth`)).json()) as object;
      assert.equal((sth as { readonly tree_size: number }).tree_size, 1);
      const note = await (await fetch(`${log.baseUrl}/checkpoint`)).text();
      const signed = parseSignedCheckpoint(note);
      assert.equal(signed.checkpoint.origin, origin);
      const verifier = treeHeadVerifier(origin, log.publicKey);
      assert.equal(verifyNoteSignature(signed.note, verifier).status, "verified");
      for (const path of ["/ct/v1/get-entries?start=0&end=0", "/tile/data/000.p/1"]) {
        assert.equal((await fetch(log.baseUrl + path)).status, 200);
      }
      const body = JSON.stringify({ chain: chain.map((der) => encodeBase64(der)) });
      const call = `${log.baseUrl}/ct/v1/add-pre-chain`;
      const answer = await fetch(call, { method: "POST", body });
      const text = "Method Not Allowed\nlocalhost/ct takes no certificates any more\n";
      if (log === current) assert.equal(answer.status, 200);
      else assert.deepEqual([answer.status, await answer.text()], [405, text]);
    }
    assert.equal((await fetch(`${stack.url}/readyz`)).status, 200);
  });

  test("leaves the old private key without use", async (t) => {
    const directory = newDirectory(t);
    const { stack, logs } = await start(t, directory);
    await stack.close();
    await rotateKeys(directory, "ct", new Date(), [ct]);
    rmSync(join(directory, "keys/ct.pem"));
    const after = await start(t, directory);
    assert.deepEqual(after.logs[0]?.logId, logs[0]?.logId);
    assert.equal((await fetch(`${after.stack.url}/ct/checkpoint`)).status, 200);
  });

  test("twice before a start: the log between was never begun", async (t) => {
    const directory = newDirectory(t);
    await (await start(t, directory)).stack.close();
    const now = Date.now();
    await rotateKeys(directory, "ct", new Date(now), [ct]);
    assert.match(
      await refusal(rotateKeys(directory, "ct", new Date(now), [ct])),
      /^key: ct was replaced on .*, which is not past: set the clock$/,
    );
    await rotateKeys(directory, "ct", new Date(now + 1), [ct]);
    const { stack, logs } = await start(t, directory);
    assert.deepEqual(
      logs.map(({ baseUrl }) => baseUrl.slice(stack.url.length)),
      ["/ct", "/ct-3"],
    );
    assert.ok(!existsSync(join(directory, "ct/log-2.json")));
  });

  test("before a first start leaves nothing to tell of", async (t) => {
    const directory = newDirectory(t);
    await rotateKeys(directory, "ct", new Date(), [ct]);
    const { logs } = await start(t, directory);
    assert.equal(logs.length, 1);
  });

  test("goes on where the first start was cut off after any step", async (t) => {
    const directory = newDirectory(t);
    await (await start(t, directory)).stack.close();
    await rotateKeys(directory, "ct", new Date(), [ct]);
    const { stack, logs } = await start(t, directory);
    await stack.close();
    rmSync(join(directory, "ct/log-2"), { recursive: true });
    for (const gone of [[], ["ct/log-2.json"], ["ct/log-2.json", "keys/ct-2.pem"]]) {
      for (const path of gone) rmSync(join(directory, path));
      const again = await start(t, directory);
      assert.equal(again.logs.length, 2);
      assert.deepEqual(again.logs[1]?.validFor, logs[1]?.validFor);
      const isSame = encodeBase64(again.logs[1]!.logId) === encodeBase64(logs[1]!.logId);
      assert.equal(isSame, gone.length < 2);
      await again.stack.close();
      rmSync(join(directory, "ct/log-2"), { recursive: true });
    }
  });

  test("is refused while the log is served, and where there is no such key", async (t) => {
    const directory = newDirectory(t);
    const { stack } = await start(t, directory);
    const rotate = (what: string): Promise<unknown> =>
      rotateKeys(directory, what, new Date(), [ct]);
    assert.match(await refusal(rotate("ct")), /^in-use: .* is in use by process/);
    await stack.close();
    for (const what of ["ct-2", "CT", "", "neighbour"]) {
      assert.match(
        await refusal(rotate(what)),
        /^configuration: "[^"]*" cannot be replaced; these can: ct$/,
      );
    }
    assert.ok(!existsSync(join(directory, "generations.json")));
  });

  test("needs what is left of the old log", async (t) => {
    const directory = newDirectory(t);
    await (await start(t, directory)).stack.close();
    await rotateKeys(directory, "ct", new Date(), [ct]);
    await (await start(t, directory)).stack.close();
    const path = (name: string): string => join(directory, name);
    for (const [name, message] of [
      ["ct/log.json", /^identity: .*log\.json is missing, but there is a log of certificates/],
      ["ct/log", /^identity: the log of certificates .*log is missing: restore it from a backup$/],
      ["ct/log-2.json", /^identity: .*log-2\.json is missing, but there is a log/],
      ["keys/ct-2.pem", /^key: .*ct-2\.pem is missing: .* restore it from a backup$/],
    ] as const) {
      renameSync(path(name), path("away"));
      assert.match(await refusal(start(t, directory)), message);
      renameSync(path("away"), path(name));
    }
    const [old, current] = ["keys/ct.pem", "keys/ct-2.pem"].map(path) as [string, string];
    const kept = readFileSync(current);
    writeFileSync(current, readFileSync(old));
    assert.match(
      await refusal(start(t, directory)),
      /^key: the key ct-2 is not that of .*log-2\.json: restore it from a backup$/,
    );
    writeFileSync(current, kept);
    const text = readFileSync(path("ct/log.json"), "utf8");
    for (const damaged of ["{}", text.replace("BEGIN PUBLIC", "BEGIN OTHER"), text.slice(1)]) {
      writeFileSync(path("ct/log.json"), damaged);
      assert.match(await refusal(start(t, directory)), /^identity: .*log\.json: /);
    }
  });
});
