// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { decodeUtf8, encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import {
  encodeVerifierKey,
  parseSignedCheckpoint,
  verifyCosignature,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { FaultyStore, MemoryDisk } from "../../test/faulty-store.ts";
import { entryOf, log, openEngine, origin, signer } from "../../test/world.ts";
import type { LogEngine } from "../engine/index.ts";
import { LogError } from "../errors.ts";
import type { Fetch } from "../follow/index.ts";
import { encodeAddCheckpoint, parseAddCheckpoint } from "./add-checkpoint.ts";
import {
  handleAddCheckpoint,
  keyCosigner,
  MemoryWitnessState,
  parsePolicy,
  SqliteWitnessState,
  WitnessClient,
  type WitnessOptions,
  type WitnessResponse,
  type WitnessState,
} from "./index.ts";

const ed25519 = algorithmByName("PKIX_ED25519") ?? assert.fail();

function makeWitness(name: string, state: WitnessState = new MemoryWitnessState()): WitnessOptions {
  const cosigner = keyCosigner(name, generatePrivateKey(ed25519));
  const logs = [{ origin, verifiers: [log.verifier] }];
  return { cosigner, logs, state, now: () => 1_700_000_000_500 };
}

/** A log with a checkpoint kept at each of some sizes. */
async function makeLog(...sizes: number[]): Promise<{
  engine: LogEngine;
  at: (size: number) => string;
  request: (oldSize: number, size: number) => Promise<string>;
}> {
  const engine = await openEngine(new FaultyStore(new MemoryDisk()));
  const notes = new Map<number, string>([[0, decodeUtf8(engine.reader.head().checkpoint)]]);
  for (const size of sizes) {
    const from = engine.reader.head().size;
    await engine.append(Array.from({ length: size - from }, (_, i) => entryOf(from + i)));
    notes.set(size, decodeUtf8(engine.reader.head().checkpoint));
  }
  const at = (size: number): string => notes.get(size) ?? assert.fail();
  const request = async (oldSize: number, size: number): Promise<string> => {
    const proof = await engine.reader.consistencyProof(oldSize, size);
    return encodeAddCheckpoint({ oldSize, proof, checkpoint: at(size) });
  };
  return { engine, at, request };
}

function checkCosigned(response: WitnessResponse, note: string, witness: WitnessOptions): void {
  assert.equal(response.status, 200, response.body);
  const cosigned = parseSignedCheckpoint(note + response.body);
  const found = verifyCosignature(cosigned.note, witness.cosigner.verifier);
  assert.ok(found.status === "verified");
  assert.equal(found.timestamp, 1_700_000_000n);
}

test("a witness cosigns a log as it grows, and the same size again", async () => {
  const { at, request } = await makeLog(1, 5, 256, 700);
  const witness = makeWitness("w.example");
  let old = 0;
  for (const size of [0, 1, 1, 5, 256, 700, 700]) {
    checkCosigned(await handleAddCheckpoint(await request(old, size), witness), at(size), witness);
    old = size;
  }
});

test("another old size is answered with the witness's own", async () => {
  const { request } = await makeLog(10, 20, 30);
  const witness = makeWitness("w.example");
  await handleAddCheckpoint(await request(0, 20), witness);
  for (const [old, size] of [
    [0, 30],
    [10, 30],
    [10, 10],
    [0, 20],
    [30, 30],
  ] as const) {
    const response = await handleAddCheckpoint(await request(old, size), witness);
    assert.deepEqual(response, { status: 409, contentType: "text/x.tlog.size", body: "20\n" });
  }
});

test("each rule of the protocol has its status, and a refusal changes nothing", async () => {
  const { engine, at, request } = await makeLog(10, 20);
  const fork = await openEngine(new FaultyStore(new MemoryDisk()));
  await fork.append(Array.from({ length: 10 }, (_, i) => entryOf(900 + i)));
  const forked = decodeUtf8(fork.reader.head().checkpoint);
  await fork.append(Array.from({ length: 10 }, (_, i) => entryOf(950 + i)));
  const forked20 = decodeUtf8(fork.reader.head().checkpoint);
  const witness = makeWitness("w.example");
  const good = await engine.reader.consistencyProof(10, 20);
  const body = (oldSize: number, proof: readonly Uint8Array[], checkpoint: string): string =>
    encodeAddCheckpoint({ oldSize, proof, checkpoint });
  const other = { ...witness, logs: [{ origin: "other.example", verifiers: [log.verifier] }] };
  const strange = { ...witness, logs: [{ origin, verifiers: [witness.cosigner.verifier] }] };
  assert.equal((await handleAddCheckpoint(body(0, [], at(10)), other)).status, 404);
  assert.equal((await handleAddCheckpoint(body(0, [], at(10)), strange)).status, 403);
  const resigned = at(10).replace("\n10\n", "\n11\n");
  assert.equal((await handleAddCheckpoint(body(0, [], resigned), witness)).status, 403);
  assert.equal((await handleAddCheckpoint(body(11, [], at(10)), witness)).status, 400);
  assert.equal((await handleAddCheckpoint(body(0, [...good], at(10)), witness)).status, 422);
  assert.equal((await handleAddCheckpoint(body(0, [], at(10)), witness)).status, 200);
  const bad: [number, readonly Uint8Array[], string][] = [
    [10, [], at(20)],
    [10, good.slice(1), at(20)],
    [10, [...good, good[0] as Uint8Array], at(20)],
    [10, good.map((hash) => hash.map((b, i) => (i === 0 ? b ^ 1 : b))), at(20)],
    [10, good, forked20],
    [10, [], forked],
    [10, await fork.reader.consistencyProof(10, 20), forked20],
  ];
  for (const [old, proof, note] of bad) {
    assert.equal((await handleAddCheckpoint(body(old, proof, note), witness)).status, 422);
  }
  checkCosigned(await handleAddCheckpoint(await request(10, 20), witness), at(20), witness);
});

test("a request is read only in its one form, and nothing it holds throws otherwise", async () => {
  const { request, at } = await makeLog(10, 20);
  const witness = makeWitness("w.example");
  const whole = await request(10, 20);
  assert.deepEqual(encodeAddCheckpoint(parseAddCheckpoint(whole)), whole);
  const hash = encodeBase64(new Uint8Array(32));
  const rest = `\n${at(10)}`;
  for (const bad of [
    "",
    "old 0",
    "old 0\n",
    `old 00\n${rest}`,
    `old -1\n${rest}`,
    `old 1e3\n${rest}`,
    `old  1\n${rest}`,
    `Old 1\n${rest}`,
    `old 9999999999999999\n${rest}`,
    `old 99999999999999999\n${rest}`,
    `old 1\n${hash.slice(4)}\n${rest}`,
    `old 1\n${hash} \n${rest}`,
    `old 1\r\n${rest}`,
    `old 1\n${`${hash}\n`.repeat(64)}${rest}`,
    `old 1\n${rest}${"x".repeat(30_000)}`,
  ]) {
    assert.throws(() => parseAddCheckpoint(bad), FormatError, bad);
    assert.equal((await handleAddCheckpoint(bad, witness)).status, 400);
  }
  for (let length = 0; length < whole.length; length++) {
    const { status } = await handleAddCheckpoint(whole.slice(0, length), witness);
    assert.notEqual(status, 200);
  }
  const cuts = fc.tuple(fc.nat(whole.length), fc.nat(8), fc.string({ maxLength: 5 }));
  await fc.assert(
    fc.asyncProperty(cuts, async ([start, length, insert]) => {
      const altered = whole.slice(0, start) + insert + whole.slice(start + length);
      const { status } = await handleAddCheckpoint(altered, witness);
      assert.ok([400, 403, 404, 409, 422].includes(status));
    }),
  );
});

test("of two requests that follow the same record, one is cosigned and one told the size", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chancery-witness-"));
  try {
    const { request } = await makeLog(10, 20, 30);
    const path = join(folder, "witness.db");
    for (const state of [new MemoryWitnessState(), new SqliteWitnessState(path)]) {
      const witness = makeWitness("w.example", state);
      assert.equal((await handleAddCheckpoint(await request(0, 10), witness)).status, 200);
      const [one, two] = await Promise.all([
        handleAddCheckpoint(await request(10, 30), witness),
        handleAddCheckpoint(await request(10, 20), witness),
      ]);
      assert.deepEqual([one.status, two.status], [200, 409]);
      assert.equal(two.body, "30\n");
      if (state instanceof SqliteWitnessState) state.close();
    }
    const again = new SqliteWitnessState(path);
    assert.equal((await again.get(origin))?.size, 30);
    assert.equal(
      await again.replace(origin, undefined, {
        size: 1,
        rootHash: new Uint8Array(32),
        checkpoint: "",
      }),
      false,
    );
    assert.equal(await again.get("other.example"), undefined);
    again.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Witnesses behind one fetch, each at its own host. */
function network(witnesses: Readonly<Record<string, WitnessOptions | (() => Response)>>): {
  fetch: Fetch;
  requests: string[];
} {
  const requests: string[] = [];
  const fetch: Fetch = async (url, { body = "" }) => {
    const { host, pathname } = new URL(url);
    requests.push(`${host} ${body.slice(0, body.indexOf("\n"))}`);
    assert.equal(pathname, "/submit/add-checkpoint");
    const witness = witnesses[host] ?? assert.fail(host);
    if (typeof witness === "function") return witness();
    const { status, contentType, body: text } = await handleAddCheckpoint(body, witness);
    return new Response(text, { status, headers: { "content-type": contentType } });
  };
  return { fetch, requests };
}

function policyOf(witnesses: Readonly<Record<string, WitnessOptions>>, rule: string): Uint8Array {
  const lines = Object.entries(witnesses).map(([host, { cosigner }]) => {
    const key = encodeVerifierKey({ kind: "cosignature", verifier: cosigner.verifier });
    return `witness ${host} ${key} https://${host}/submit/`;
  });
  return utf8Bytes(`${lines.join("\n")}\n${rule}\n`);
}

test("client and witnesses agree: one request each as the log grows, wherever they were", async () => {
  const { engine, at } = await makeLog(10, 20, 30);
  const witnesses = { "a.example": makeWitness("a"), "b.example": makeWitness("b") };
  await handleAddCheckpoint(
    encodeAddCheckpoint({ oldSize: 0, proof: [], checkpoint: at(10) }),
    witnesses["b.example"],
  );
  const { fetch, requests } = network(witnesses);
  const policy = parsePolicy(
    policyOf(witnesses, "group both all a.example b.example\nquorum both"),
  );
  const consistencyProof = (old: number, size: number): Promise<Uint8Array[]> =>
    engine.reader.consistencyProof(old, size);
  const client = new WitnessClient({ policy, fetch, consistencyProof, mode: "required" });
  const first = await client.cosign(utf8Bytes(at(20)));
  assert.deepEqual(requests.toSorted(), ["a.example old 0", "b.example old 0", "b.example old 10"]);
  assert.deepEqual(first.cosignedBy, ["a.example", "b.example"]);
  const { note } = parseSignedCheckpoint(first.checkpoint);
  assert.equal(verifyNoteSignature(note, signer.verifier).status, "verified");
  for (const { cosigner } of Object.values(witnesses)) {
    assert.equal(verifyCosignature(note, cosigner.verifier).status, "verified");
  }
  requests.length = 0;
  await client.cosign(utf8Bytes(at(30)));
  assert.deepEqual(requests.toSorted(), ["a.example old 20", "b.example old 20"]);
  await assert.rejects(client.cosign(utf8Bytes(at(20))), (error) => {
    assert.ok(error instanceof LogError && error.code === "quorum");
    const each = (error.cause as AggregateError).errors as LogError[];
    return each.every(({ code }) => code === "rolled-back");
  });
});

test("what a witness answers wrongly does not count, and fails closed where that is asked", async () => {
  const { engine, at, request } = await makeLog(10, 20);
  const good = makeWitness("good");
  const liar = makeWitness("liar");
  const stranger = makeWitness("liar");
  const foreign = await handleAddCheckpoint(await request(0, 20), stranger);
  const older = await handleAddCheckpoint(await request(0, 10), makeWitness("x", liar.state));
  const answers: (() => Response)[] = [
    () => new Response(foreign.body),
    () => new Response(older.body),
    () => new Response(""),
    () => new Response("no signature lines\n"),
    () => new Response(new Uint8Array(20_000)),
    () => new Response(null, { status: 500 }),
    () => new Response("20\n", { status: 409 }),
    () => new Response("x\n", { status: 409, headers: { "content-type": "text/x.tlog.size" } }),
    () => new Response("5\n", { status: 409, headers: { "content-type": "text/x.tlog.size" } }),
    () => new Response("bad proof", { status: 422 }),
    () => {
      throw new Error("connection refused");
    },
  ];
  const witnesses = { "good.example": good, "liar.example": liar };
  const consistencyProof = (old: number, size: number): Promise<Uint8Array[]> =>
    engine.reader.consistencyProof(old, size);
  for (const answer of answers) {
    const { fetch } = network({ "good.example": good, "liar.example": answer });
    const both = parsePolicy(policyOf(witnesses, "group g 2 good.example liar.example\nquorum g"));
    const either = parsePolicy(
      policyOf(witnesses, "group g any good.example liar.example\nquorum g"),
    );
    const ask = { fetch, consistencyProof };
    const lenient = new WitnessClient({ ...ask, policy: both, mode: "best-effort" });
    const result = await lenient.cosign(utf8Bytes(at(20)));
    assert.equal(result.quorumMet, false);
    assert.deepEqual(result.cosignedBy, ["good.example"]);
    assert.ok(result.failures.get("liar.example"));
    const strict = new WitnessClient({ ...ask, policy: both, mode: "required" });
    await assert.rejects(
      strict.cosign(utf8Bytes(at(20))),
      (error) => error instanceof LogError && error.code === "quorum",
    );
    const enough = new WitnessClient({ ...ask, policy: either, mode: "required" });
    assert.equal((await enough.cosign(utf8Bytes(at(20)))).quorumMet, true);
  }
});

test("what monitors are shown is what was verified and cosigned, and nothing else", async () => {
  const { at, request } = await makeLog(10, 20);
  const witness = makeWitness("w.example");
  const stranger = keyCosigner("x.example", generatePrivateKey(ed25519));
  const junk = await stranger.cosign(utf8Bytes("x"), 1n);
  const { status, body } = await handleAddCheckpoint((await request(0, 10)) + junk, witness);
  assert.equal(status, 200);
  assert.equal((await witness.state.get(origin))?.checkpoint, at(10) + body);
  const forged = at(20).replace(/ (\S{12})\S{8}(\S+)\n$/, " $1AAAAAAAA$2\n");
  const bad = (await request(10, 20)).replace(at(20), at(20) + forged.slice(forged.indexOf("—")));
  assert.equal((await handleAddCheckpoint(bad, witness)).status, 403, "one line of the log is bad");
  assert.equal((await witness.state.get(origin))?.checkpoint, at(10) + body);
});

test("nothing is answered before its record is durable, or without a time", async () => {
  const { request } = await makeLog(10);
  const full: WitnessState = {
    get: async () => undefined,
    replace: async () => {
      throw new Error("disk full");
    },
  };
  const stuck = makeWitness("w.example", full);
  await assert.rejects(async () => handleAddCheckpoint(await request(0, 10), stuck), /disk full/);
  for (const nowMs of [0, 999, -1, Number.NaN, Infinity, 2 ** 70]) {
    const witness = { ...makeWitness("w.example"), now: (): number => nowMs };
    await assert.rejects(
      async () => handleAddCheckpoint(await request(0, 10), witness),
      (error) => error instanceof LogError && error.code === "out-of-range",
    );
    assert.equal(await witness.state.get(origin), undefined, "nor is anything recorded");
  }
});

test("records do not go back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chancery-witness-"));
  const state = new SqliteWitnessState(join(folder, "witness.db"));
  try {
    const record = { rootHash: new Uint8Array(32), checkpoint: "x" };
    assert.equal(state.isEmpty, true);
    assert.equal(await state.replace("o", undefined, { ...record, size: 5 }), true);
    assert.equal(state.isEmpty, false);
    await assert.rejects(
      state.replace("o", 5, { ...record, size: 4 }),
      (error) => error instanceof LogError && error.code === "rolled-back",
    );
    assert.equal(await state.replace("o", 4, { ...record, size: 4 }), false);
    assert.equal((await state.get("o"))?.size, 5);
  } finally {
    state.close();
    rmSync(folder, { recursive: true });
  }
});

test("a witness that forgot what it cosigned, or when, does not count", async () => {
  const { engine, at } = await makeLog(10, 20, 30);
  const witnesses = { "a.example": makeWitness("a.example") };
  const parts: Record<string, WitnessOptions | (() => Response)> = { ...witnesses };
  const { fetch } = network(parts);
  const policy = parsePolicy(policyOf(witnesses, "quorum a.example"));
  const consistencyProof = (old: number, size: number): Promise<Uint8Array[]> =>
    engine.reader.consistencyProof(old, size);
  const client = new WitnessClient({ policy, fetch, consistencyProof, mode: "required" });
  await client.cosign(utf8Bytes(at(20)));
  const refused = async (code: string): Promise<void> => {
    await assert.rejects(client.cosign(utf8Bytes(at(30))), (error) => {
      assert.ok(error instanceof LogError && error.code === "quorum");
      const [each] = (error.cause as AggregateError).errors as LogError[];
      return each?.code === code;
    });
  };
  const told =
    (size: string, type: string): (() => Response) =>
    () =>
      new Response(size, { status: 409, headers: { "content-type": type } });
  parts["a.example"] = told("10\n", "text/x.tlog.size");
  await refused("rolled-back");
  parts["a.example"] = told("10\n", "text/x.tlog.size; charset=utf-8");
  await refused("rolled-back");
  parts["a.example"] = told("10\n", "text/plain");
  await refused("unverified");
  for (const size of ["010\n", "20", "20\n\n", "-1\n", "9999999999999999\n", ""]) {
    parts["a.example"] = told(size, "text/x.tlog.size");
    await refused("unverified");
  }
  const { cosigner } = witnesses["a.example"];
  const timeless = await cosigner.cosign(parseSignedCheckpoint(at(30)).note.textBytes, 0n);
  parts["a.example"] = (): Response => new Response(timeless);
  await refused("unverified");
  parts["a.example"] = witnesses["a.example"];
  assert.equal((await client.cosign(utf8Bytes(at(30)))).quorumMet, true);
});

test("a witness's key is Ed25519", () => {
  const p256 = algorithmByName("PKIX_ECDSA_P256_SHA_256") ?? assert.fail();
  assert.throws(() => keyCosigner("w", generatePrivateKey(p256)), LogError);
});
