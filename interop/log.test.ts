// SPDX-License-Identifier: Apache-2.0
// Unmodified clients against `chancery up`: what each writes through either API of the one log
// verifies in all of them, also after the server was killed.
import assert from "node:assert/strict";
import { createHash, createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeHex } from "@chancery/formats/bytes";
import { verifyConsistency } from "@chancery/formats/merkle";
import {
  importKey,
  javascriptSigner,
  password,
  prepare,
  type Workplace,
  writers,
} from "./log-writers.ts";
import { javascriptWitness } from "./keyless-writers.ts";
import { isKnownRefusal } from "./known-refusals.ts";
import { LogServer } from "./log-server.ts";
import { artifactSha256 } from "./make-fixtures/common.ts";
import { type MockInstance, startMockInstance } from "./mock-instance.ts";
import { peer } from "./peers.ts";
import { type CommandRow, type Row, writeLogResults } from "./results.ts";
import { must, type Outcome, run } from "./run-peer.ts";
import { type Answer, type Question, verifiers } from "./verifiers.ts";

const killedWrites = 60;
const acknowledgedBeforeKill = 20;

/** What rekor-cli is told of a signed file. */
const signedBy = ["--signature", "artifact.sig", "--public-key", "key.pub"];
const file = ["--artifact", "artifact.txt", ...signedBy];
const folder = mkdtempSync(join(tmpdir(), "chancery-log-"));
const log = new LogServer(join(folder, "server"));
const rows: Row[] = [];
const commands: CommandRow[] = [];
const questions = new Map<string, Question>();
/** The identifiers of the entries that rekor-cli made. */
const uuids: string[] = [];
let instance: MockInstance;
let place: Workplace;

before(async () => {
  instance = await startMockInstance();
  await log.start();
  place = prepare(folder, log, instance);
  const digest = ["dgst", "-sha256", "-sign", "key.pem", "-out", "artifact.sig", "artifact.txt"];
  must(peer("openssl").path, digest, { cwd: folder });
});

after(async () => {
  await log.kill();
  instance.close();
  rmSync(folder, { recursive: true, force: true });
  // A table of a part would replace that of the whole.
  if (rows.length >= 2 * writers().length) writeLogResults(rows, commands);
});

test("rekor-cli reads the log while it is empty", () => {
  assert.equal(logInfo().ActiveTreeSize, 0);
});

describe("a client writes, all verify", () => {
  for (const writer of writers()) {
    const { name } = writer;
    test(name, async () => {
      const question = await writer.write(place);
      questions.set(name, question);
      assertAllAccept(name, askAll(question));
      const other = { ...question, artifact: join(folder, "other.txt") };
      const answers = askAll(other, ["sigstore-python"]);
      // Of subjects it leaves the comparison to its caller.
      if (name.includes("attestation")) delete answers["sigstore-js"];
      rows.push({ group: "log", name: `${name}, of another file`, mustVerify: false, answers });
      for (const [who, answer] of Object.entries(answers)) {
        if (answer !== undefined) assert.equal(answer.accepted, false, who);
      }
    });
  }

  test("they share one tree", () => {
    assert.equal(logInfo().ActiveTreeSize, writers().length);
  });
});

describe("rekor-cli", () => {
  const envelope = ["--artifact", "envelope.json", "--public-key", "key.pub"];
  const types = [
    { type: "hashedrekord", about: file },
    { type: "rekord", about: file },
    { type: "dsse", about: envelope },
    { type: "intoto:0.0.1", about: envelope },
    { type: "intoto:0.0.2", about: envelope },
  ];

  for (const { type, about } of types) {
    test(`uploads, gets and verifies ${type}, once`, () => {
      writeEnvelope();
      const first = upload(type, about);
      assert.equal(first.AlreadyExists, false);
      const again = upload(type, about);
      assert.deepEqual(again, { ...first, AlreadyExists: true, Index: 0 });
      const uuid = first.Location.split("/").at(-1) ?? "";
      uuids.push(uuid);
      const index = String(first.Index);
      const [byUuid, byIndex] = [
        ["--uuid", uuid],
        ["--log-index", index],
      ].map((which) => rekorJson<Gotten>(["get", ...which])) as [Gotten, Gotten];
      assert.deepEqual(byUuid, byIndex);
      assert.equal(byUuid.UUID, uuid);
      assert.equal(byUuid.LogIndex, first.Index);
      for (const which of [
        ["--uuid", uuid],
        ["--log-index", index],
        ["--type", type, ...about],
      ]) {
        const { EntryUUID, Index } = rekorJson<Verified>(["verify", ...which]);
        assert.deepEqual({ EntryUUID, Index }, { EntryUUID: uuid, Index: first.Index });
      }
      for (const command of ["upload", "get", "verify"]) note(`${command} (${type})`, "yes");
    });
  }

  test("gets the statement of an attestation", () => {
    const { Attestation } = rekorJson<Gotten>(["get", "--uuid", uuids.at(-1) ?? ""]);
    const { payload } = JSON.parse(read("envelope.json")) as { payload: string };
    assert.equal(Attestation, Buffer.from(payload, "base64").toString());
    note("get, with the stored attestation", "yes");
  });

  test("cannot verify intoto without a version, which it sends in a box of its own", () => {
    const outcome = rekor(["verify", "--type", "intoto", ...envelope]);
    assert.equal(outcome.status, 1);
    assert.match(outcome.stderr, /\[422\].*invalid kind value/);
    note("verify (intoto, no version)", "no: the client sends a malformed query");
  });

  test("searches by digest, file and key, and by two of them", () => {
    const found = (args: readonly string[]): string[] =>
      rekorJson<{ UUIDs: string[] }>(["search", ...args]).UUIDs;
    const [hashed = "", rekord = ""] = uuids;
    for (const args of [
      ["--sha", artifactSha256],
      ["--artifact", "artifact.txt"],
      ["--public-key", "key.pub"],
      ["--public-key", "key.pub", "--artifact", "artifact.txt", "--operator", "and"],
    ]) {
      const seen = found(args);
      assert.ok(seen.includes(hashed) && seen.includes(rekord), args.join(" "));
    }
    const one = found(["--public-key", "key.pub"]);
    for (const uuid of uuids) assert.ok(one.includes(uuid), `by key: ${uuid}`);
    newRsaKey("unused");
    const nothing = rekor(["search", "--public-key", "unused.pub"]);
    assert.match(nothing.stderr + nothing.stdout, /no matching entries found/);
    for (const what of ["sha", "artifact", "public-key", "operator and"]) {
      note(`search (${what})`, "yes");
    }
  });

  test("searches by the identity in a certificate", () => {
    const subject = "https://github.com/example/project/.github/workflows/release.yml";
    const found = rekor(["search", "--subject", `${subject}@refs/heads/main`]);
    assert.match(found.stdout, /^[0-9a-f]{80}$/m, found.stderr);
    note("search (subject)", "yes");
  });

  test("finds nothing where nothing is", () => {
    const absent = rekor(["get", "--log-index", "100000"]);
    assert.equal(absent.status, 1);
    assert.match(absent.stderr, /\[404\]/);
    const uuid = `${uuids[0]?.slice(0, 16)}${"0".repeat(64)}`;
    assert.match(rekor(["get", "--uuid", uuid]).stderr, /\[404\]/);
  });

  test("proves consistency from size to size", () => {
    const { ActiveTreeSize: size, RootHash } = logInfo();
    const proof = logProof(1, size);
    assert.equal(proof.RootHash, RootHash);
    verifyConsistency({
      oldSize: 1n,
      newSize: BigInt(size),
      // Of a log of one entry it is the hash of that.
      oldRoot: decodeHex(rekorJson<Gotten>(["get", "--log-index", "0"]).UUID.slice(-64)),
      newRoot: decodeHex(proof.RootHash),
      proof: proof.Hashes.map((hash) => decodeHex(hash)),
    });
    note("logproof", "yes");
    note("loginfo, consistent with what it saw before", "yes");
  });
});

describe("other clients read what rekor-cli wrote", () => {
  test("sigstore-python gets it by identifier, index and content", () => {
    const [uuid = ""] = uuids;
    const { LogIndex: index } = rekorJson<Gotten>(["get", "--uuid", uuid]);
    assert.ok(index > 0, "it takes the index 0 for none");
    const python = join(dirname(peer("sigstore-python").path), "python");
    const script = fileURLToPath(new URL("sigstore-python/read_log.py", import.meta.url));
    const { stdout } = must(python, [script, log.url, uuid, String(index)]);
    assert.deepEqual(JSON.parse(stdout), [index, index, index]);
  });

  test("cosign finds the entry of a signature without a bundle", () => {
    const { tlogs } = JSON.parse(readFileSync(log.trustedRoot, "utf8")) as {
      tlogs: { publicKey: { rawBytes: string; keyDetails: string } }[];
    };
    const v1 = tlogs.find(({ publicKey }) => publicKey.keyDetails.includes("ECDSA"));
    const der = Buffer.from(v1?.publicKey.rawBytes ?? "", "base64");
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    writeFileSync(join(folder, "rekor.pub"), key.export({ format: "pem", type: "spki" }));
    const args = ["dgst", "-sha256", "-sign", "key.pem", "-out", "unlogged.sig", "artifact.txt"];
    must(peer("openssl").path, args, { cwd: folder });
    const verify = (name: string): Outcome => {
      const signature = readFileSync(join(folder, name)).toString("base64");
      writeFileSync(join(folder, `${name}.b64`), signature);
      const about = ["--key", "key.pub", "--signature", `${name}.b64`, "artifact.txt"];
      const how = ["--new-bundle-format=false", "--rekor-url", log.url];
      return run(peer("cosign").path, ["verify-blob", ...how, ...about], {
        cwd: folder,
        env: { SIGSTORE_REKOR_PUBLIC_KEY: "rekor.pub" },
      });
    };
    const found = verify("artifact.sig");
    assert.equal(found.status, 0, found.stderr);
    const absent = verify("unlogged.sig");
    assert.equal(absent.status, 1);
    assert.match(absent.stderr, /signature not found in transparency log/);
  });
});

describe("what is signed twice alike is logged once", () => {
  /** RSA signatures of the usual kind are the same every time. */
  function signTwice(version: 1 | 2): Outcome[] {
    newRsaKey(`rsa-v${version}`);
    const key = ["--key", `rsa-v${version}.key`, "--signing-config", place.signingConfigs[version]];
    return ["first", "second"].map((which) => {
      const bundle = ["--trusted-root", log.trustedRoot, "--bundle", `${which}-v${version}.json`];
      const args = ["sign-blob", "--yes", ...key, ...bundle, "artifact.txt"];
      return run(peer("cosign").path, args, { cwd: folder, env: { COSIGN_PASSWORD: password } });
    });
  }

  test("cosign, v2", () => {
    for (const { status, stderr } of signTwice(2)) assert.equal(status, 0, stderr);
    const [first, second] = ["first-v2.json", "second-v2.json"].map((name) => join(folder, name));
    assert.ok(first !== undefined && second !== undefined);
    const { logIndex } = firstEntry(materialOf(first));
    assert.ok(logIndex !== undefined);
    assert.equal(firstEntry(materialOf(second)).logIndex, logIndex);
    const question = {
      bundle: second,
      artifact: join(folder, "artifact.txt"),
      trustedRoot: log.trustedRoot,
      signer: { kind: "key", key: join(folder, "rsa-v2.pub") } as const,
      withoutTime: true,
    };
    assertAllAccept("cosign key v2 message, logged before", askAll(question));
  });

  test("cosign, v1, where it does not fetch the entry that 409 points at", () => {
    const [first, second] = signTwice(1);
    assert.equal(first?.status, 0, first?.stderr);
    assert.equal(second?.status, 1);
    assert.match(second.stderr, /\[409\].*an equivalent entry already exists/);
  });

  test("sigstore-js, v1", async () => {
    newRsaKey("rsa-js");
    const { key } = await javascriptSigner(read("rsa-js.pem")).sign(Buffer.from("unused"));
    assert.ok(key.$case === "publicKey");
    const digest = Buffer.from(artifactSha256, "hex");
    const args = ["dgst", "-sha256", "-sign", "rsa-js.pem", "-out", "rsa-js.sig", "artifact.txt"];
    must(peer("openssl").path, args, { cwd: folder });
    const messageSignature = {
      messageDigest: { algorithm: 1, digest },
      signature: readFileSync(join(folder, "rsa-js.sig")),
    };
    const content = { $case: "messageSignature", messageSignature };
    const witness = javascriptWitness(log.url, 1);
    const first = firstEntry(await witness.testify(content, key.publicKey));
    const second = firstEntry(await witness.testify(content, key.publicKey));
    assert.equal(second.logIndex, first.logIndex);
  });

  test("sigstore-js sends a key to v2 as a certificate, which is refused", async () => {
    const { key } = await javascriptSigner(read("key.pem")).sign(Buffer.from("unused"));
    assert.ok(key.$case === "publicKey");
    const messageSignature = {
      messageDigest: { algorithm: 1, digest: Buffer.from(artifactSha256, "hex") },
      signature: readFileSync(join(folder, "artifact.sig")),
    };
    const content = { $case: "messageSignature", messageSignature };
    const run = javascriptWitness(log.url, 2).testify(content, key.publicKey);
    await assert.rejects(run, (cause: Error & { cause?: { statusCode?: number } }) => {
      assert.equal(cause.cause?.statusCode, 400, cause.message);
      return true;
    });
  });
});

describe("killed and started again", () => {
  test("the log has everything that it acknowledged", async () => {
    const trusted = readFileSync(log.trustedRoot, "utf8");
    const known = logInfo();
    const witness = javascriptWitness(log.url, 1);
    const { publicPem, contents } = await hashedContents(killedWrites);
    const indexes: number[] = [];
    const writes = contents.map(async (content) => {
      const { logIndex } = firstEntry(await witness.testify(content, publicPem));
      indexes.push(Number(logIndex));
      if (indexes.length === acknowledgedBeforeKill) await log.kill();
    });
    await Promise.allSettled(writes);
    assert.ok(indexes.length >= acknowledgedBeforeKill);
    await log.start();
    assert.equal(readFileSync(log.trustedRoot, "utf8"), trusted);
    const info = logInfo();
    assert.equal(info.TreeID, known.TreeID);
    assert.ok(info.ActiveTreeSize >= known.ActiveTreeSize + indexes.length);
    for (const index of indexes) rekorJson(["verify", "--log-index", String(index)]);
    for (const uuid of uuids) rekorJson(["verify", "--uuid", uuid]);
    note("loginfo and verify after SIGKILL of the server amid writes", "yes");
  });

  test("it takes what had no answer, and knows what had one", async () => {
    assert.equal(upload("rekord", file).AlreadyExists, true);
    await log.kill();
    await log.start();
    const before = logInfo().ActiveTreeSize;
    const [writer] = writers();
    assert.ok(writer);
    assertAllAccept(`${writer.name}, after SIGKILL`, askAll(await writer.write(place)));
    assert.equal(logInfo().ActiveTreeSize, before + 1);
  });

  test("every bundle still verifies, and its entry is where it says", () => {
    assert.equal(questions.size, writers().length);
    for (const [name, question] of questions) {
      for (const who of ["cosign", "sigstore-js"]) {
        const known = isKnownRefusal(who, name);
        assert.equal(verifiers[who]?.(question)?.accepted, !known, `${who}: ${name}`);
      }
      const { logIndex = "0" } = firstEntry(materialOf(question.bundle));
      rekorJson(["verify", "--log-index", logIndex]);
    }
  });

  test("it ends cleanly", async () => {
    assert.equal(await log.stop(), 0);
    await log.start();
    assert.ok(logInfo().ActiveTreeSize > 0);
  });
});

interface Uploaded {
  readonly AlreadyExists: boolean;
  readonly Location: string;
  readonly Index: number;
}
interface Gotten {
  readonly UUID: string;
  readonly LogIndex: number;
  readonly Attestation: string;
}
interface Verified {
  readonly EntryUUID: string;
  readonly Index: number;
}
interface LogInfo {
  readonly ActiveTreeSize: number;
  readonly RootHash: string;
  readonly TreeID: string;
}

/** Runs rekor-cli, which keeps the tree it saw last in the home that it is given. */
function rekor(args: readonly string[]): Outcome {
  const server = ["--rekor_server", log.url, "--retry", "0"];
  return run(peer("rekor-cli").path, [...args, ...server], { cwd: folder, env: { HOME: folder } });
}

function rekorJson<T>(args: readonly string[]): T {
  const outcome = rekor([...args, "--format", "json"]);
  assert.equal(outcome.status, 0, `${args.join(" ")}\n${outcome.stdout}${outcome.stderr}`);
  return JSON.parse(outcome.stdout) as T;
}

function upload(type: string, about: readonly string[]): Uploaded {
  return rekorJson(["upload", "--type", type, ...about]);
}

/** Fails unless the log has grown out of the one that rekor-cli saw before. */
function logInfo(): LogInfo {
  return rekorJson(["loginfo"]);
}

function logProof(first: number, last: number): { RootHash: string; Hashes: string[] } {
  return rekorJson(["logproof", "--first-size", String(first), "--last-size", String(last)]);
}

/** An envelope out of a bundle of cosign's, as rekor-cli takes it. */
function writeEnvelope(): void {
  const question = questions.get("cosign key v1 attestation");
  assert.ok(question);
  const { dsseEnvelope } = JSON.parse(readFileSync(question.bundle, "utf8")) as {
    dsseEnvelope: unknown;
  };
  // A copy that no entry holds yet: the hash of the envelope is of its bytes.
  writeFileSync(join(folder, "envelope.json"), JSON.stringify(dsseEnvelope, undefined, 1));
}

function newRsaKey(name: string): void {
  const args = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
  must(peer("openssl").path, [...args, "-out", `${name}.pem`], { cwd: folder });
  importKey(folder, name);
}

/** Many different things to log. */
async function hashedContents(
  count: number,
): Promise<{ publicPem: string; contents: readonly object[] }> {
  const signer = javascriptSigner(read("key.pem"));
  let publicPem = "";
  const contents: object[] = [];
  for (let i = 0; i < count; i++) {
    const data = Buffer.from(`entry ${i}`);
    const { signature, key } = await signer.sign(data);
    if (key.$case === "publicKey") publicPem = key.publicKey;
    const digest = createHash("sha256").update(data).digest();
    const messageSignature = { messageDigest: { algorithm: 1, digest }, signature };
    contents.push({ $case: "messageSignature", messageSignature });
  }
  return { publicPem, contents };
}

function materialOf(bundle: string): unknown {
  const read = JSON.parse(readFileSync(bundle, "utf8")) as { verificationMaterial: unknown };
  return read.verificationMaterial;
}

/** The entry in what a witness answers or a bundle holds. */
function firstEntry(holder: unknown): { logIndex?: string } {
  const [entry] = (holder as { tlogEntries: { logIndex?: string }[] }).tlogEntries;
  assert.ok(entry);
  return entry;
}

type Answers = Record<string, Answer | undefined>;

/** @param except whom not to ask: sigstore-python takes as long as all others together */
function askAll(question: Question, except: readonly string[] = []): Answers {
  const asked = Object.entries(verifiers).map(([name, ask]): [string, Answer | undefined] => [
    name,
    except.includes(name) ? undefined : ask(question),
  ]);
  return Object.fromEntries(asked);
}

function assertAllAccept(name: string, answers: Answers): void {
  rows.push({ group: "log", name, mustVerify: true, answers });
  for (const [verifier, answer] of Object.entries(answers)) {
    if (answer === undefined) continue;
    // A known refusal that is none any more is to leave the list.
    assert.equal(answer.accepted, !isKnownRefusal(verifier, name), `${verifier}: ${answer.words}`);
  }
}

function note(command: string, answer: string): void {
  commands.push({ command, answer });
}

function read(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}
