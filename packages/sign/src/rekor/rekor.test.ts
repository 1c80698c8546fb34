// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { encodeBundle, type LogEntry } from "@chancery/formats/bundle";
import { encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByFlag } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { decodeTrustedRoot, type SigningConfig, type TrustedRoot } from "@chancery/formats/trust";
import { artifactFromBytes, verify } from "@chancery/verify";
import { tlogValue } from "../../../../test/instance.ts";
import { refuses } from "../../test/keys.ts";
import { loopback, type TestAnswer, type TestRequest } from "../../test/loopback.ts";
import {
  answerV1,
  answerV2,
  leafOfProposal,
  leafOfRequest,
  log1,
  log2,
} from "../../test/test-rekor.ts";
import { attest, sign } from "../sign.ts";
import { keySigner, type Signer } from "../signer/index.ts";
import { openLog, RekorV1Client, selectLogs, type SignatureLog } from "./index.ts";

const quick = { wait: async () => undefined };
const artifact = utf8Bytes("the artifact\n");
const statement = utf8Bytes(
  JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "a", digest: { sha256: "00".repeat(32) } }],
    predicateType: "https://example.com/p",
    predicate: {},
  }),
);

function signerOf(flag = "ecdsa-sha2-256-nistp256"): Signer {
  const algorithm = algorithmByFlag(flag);
  return keySigner(generatePrivateKey(algorithm), algorithm);
}

const trustedRoot: TrustedRoot = decodeTrustedRoot(
  JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [tlogValue(log1), tlogValue(log2)],
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [],
  }),
);
const otherRoot: TrustedRoot = { ...trustedRoot, tlogs: [] };

type Respond = (request: TestRequest, count: number) => TestAnswer;

/** A log whose answers start from right ones. */
async function log(
  api: 1 | 2,
  edit: (
    answer: { status: number; headers: Record<string, string>; value: any },
    body: any,
  ) => void = () => undefined,
  others: Respond = () => ({ status: 404 }),
): Promise<{ log: SignatureLog; requests: TestRequest[]; url: string }> {
  const server = await loopback((request, count) => {
    const path = api === 1 ? "/api/v1/log/entries" : "/api/v2/log/entries";
    if (request.method !== "POST" || request.path !== path) return others(request, count);
    const body = JSON.parse(request.body);
    const answer = { status: 201, headers: {} as Record<string, string>, value: {} as any };
    if (api === 1) {
      const { id, value } = answerV1(leafOfProposal(body));
      Object.assign(answer, { headers: { etag: id, location: `${path}/${id}` } });
      answer.value = { [id]: value };
    } else {
      answer.value = answerV2(leafOfRequest(body));
    }
    edit(answer, body);
    const { status, headers, value } = answer;
    return { status, headers, body: typeof value === "string" ? value : JSON.stringify(value) };
  });
  return { log: openLog(server.url, api, quick), requests: server.requests, url: server.url };
}

const signWith = (logs: readonly SignatureLog[], signer = signerOf(), root = trustedRoot) =>
  sign({ artifact, signer, logging: { logs, trustedRoot: root } });

describe("signatures that are logged", () => {
  for (const api of [1, 2] as const) {
    const flags = ["ecdsa-sha2-256-nistp256", "ecdsa-sha2-384-nistp384", "ecdsa-sha2-512-nistp521"];
    for (const flag of [...flags, "ed25519-ph", "rsa-sign-pkcs1-2048-sha256"]) {
      test(`a file signed with ${flag} verifies with its entry in Rekor v${api}`, async () => {
        const { log: rekor, requests } = await log(api);
        const signer = signerOf(flag);
        const { bundle } = await signWith([rekor], signer);
        assert.equal(requests.length, 1);
        assert.equal(bundle.tlogEntries.length, 1);
        const evidence = verify({
          bundle: encodeBundle(bundle),
          artifact: artifactFromBytes(artifact),
          trustedRoot,
          policy: { signer: { kind: "key", key: signer.publicKey }, logThreshold: 1 },
        });
        assert.equal(evidence.verdict, "verified", JSON.stringify(evidence.checks));
        assert.equal(evidence.logEntries.length, 1);
      });
    }

    const attesting = api === 1 ? ["ecdsa-sha2-256-nistp256", "ed25519"] : [...flags, "ed25519-ph"];
    for (const flag of attesting) {
      test(`a statement signed with ${flag} verifies with its entry in Rekor v${api}`, async () => {
        const { log: rekor, requests } = await log(api);
        const signer = signerOf(flag);
        const logging = { logs: [rekor], trustedRoot };
        const { bundle } = await attest({ statement, signer, logging });
        const sent = JSON.parse(requests[0]?.body ?? "");
        if (api === 1) assert.equal(sent.kind, "dsse");
        else assert.ok(sent.hashedRekordRequestV002);
        const evidence = verify({
          bundle: encodeBundle(bundle),
          trustedRoot,
          policy: { signer: { kind: "key", key: signer.publicKey }, logThreshold: 1 },
        });
        assert.equal(evidence.verdict, "verified", JSON.stringify(evidence.checks));
      });
    }
  }

  test("several logs get the signature, each its own entry", async () => {
    const [one, two] = [await log(1), await log(2)];
    const { bundle } = await signWith([one.log, two.log]);
    assert.deepEqual(
      bundle.tlogEntries.map(({ kindVersion }) => kindVersion),
      ["0.0.1", "0.0.2"],
    );
  });

  test("without logs nothing is entered", async () => {
    const { bundle } = await signWith([]);
    assert.deepEqual(bundle.tlogEntries, []);
  });

  test("what a log could not check is refused before anything is signed or sent", async () => {
    const [one, two] = [await log(1), await log(2)];
    const refused = refuses("unsupported-algorithm", /cannot be logged/);
    for (const { log: rekor } of [one, two]) {
      await assert.rejects(signWith([rekor], signerOf("ed25519")), refused);
      await assert.rejects(signWith([rekor], signerOf("rsa-sign-pss-2048-sha256")), refused);
    }
    const logged = (rekor: SignatureLog, flag: string) =>
      attest({ statement, signer: signerOf(flag), logging: { logs: [rekor] } });
    await assert.rejects(logged(one.log, "ecdsa-sha2-384-nistp384"), refused);
    await assert.rejects(logged(one.log, "ed25519-ph"), refused);
    await assert.rejects(logged(two.log, "ed25519"), refused);
    assert.equal(one.requests.length + two.requests.length, 0);
  });

  test("the trusted root must know the log", async () => {
    for (const api of [1, 2] as const) {
      const { log: rekor } = await log(api);
      const unknown = refuses("log-entry-unproven", /names no log .*log-unknown/);
      await assert.rejects(signWith([rekor], signerOf(), otherRoot), unknown);
      const signer = signerOf();
      const { bundle } = await sign({ artifact, signer, logging: { logs: [rekor] } });
      assert.equal(bundle.tlogEntries.length, 1);
    }
  });
});

describe("answers that are not right", () => {
  const set = (path: string, value: unknown) => (answer: { value: any }) => {
    const names = path.split(".");
    const last = names.pop() as string;
    let object = answer.value;
    const first = Object.values(object)[0] as any;
    if (first?.verification) object = first;
    for (const name of names) object = object[name];
    object[last] = value;
  };
  const foreign = answerV2(utf8Bytes('{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{}}'));
  const zeros = encodeBase64(new Uint8Array(32));
  const cases: readonly [1 | 2, string, (answer: any, body: any) => void, string][] = [
    [2, "another entry", (answer) => (answer.value = foreign), "log-entry-mismatch"],
    [
      2,
      "a root that the proof does not lead to",
      set("inclusionProof.rootHash", zeros),
      "log-entry-unproven",
    ],
    [2, "another tree size", set("inclusionProof.treeSize", "8"), "log-entry-unproven"],
    [2, "no hashes", set("inclusionProof.hashes", []), "log-entry-unproven"],
    [2, "no checkpoint", set("inclusionProof.checkpoint", null), "log-entry-unproven"],
    [
      2,
      "a checkpoint that is none",
      set("inclusionProof.checkpoint.envelope", "x"),
      "log-entry-unproven",
    ],
    [2, "no proof", set("inclusionProof", null), "log-entry-unproven"],
    [2, "another index", set("logIndex", "6"), "service-malformed"],
    [2, "a negative index", set("logIndex", "-1"), "service-malformed"],
    [
      2,
      "another kind",
      set("kindVersion", { kind: "dsse", version: "0.0.2" }),
      "service-malformed",
    ],
    [2, "a field of no such message", set("surprise", 1), "service-malformed"],
    [2, "no log id", set("logId", {}), "service-malformed"],
    [2, "a web page", (answer) => (answer.value = "<html>"), "service-malformed"],
    [2, "nothing", (answer) => (answer.value = ""), "service-malformed"],
    [
      2,
      "a Rekor v1 entry",
      (answer) => {
        const { id, value } = answerV1(utf8Bytes("{}"));
        answer.value = { [id]: value };
      },
      "service-malformed",
    ],
    [1, "two entries", (answer) => (answer.value["0".repeat(64)] = {}), "service-malformed"],
    [1, "no entry", (answer) => (answer.value = {}), "service-malformed"],
    [1, "a list", (answer) => (answer.value = []), "service-malformed"],
    [
      1,
      "an id that is not the body's",
      (answer) => {
        answer.value = { ["0".repeat(80)]: Object.values(answer.value)[0] };
      },
      "service-malformed",
    ],
    [
      1,
      "an id that is none",
      (answer) => {
        answer.value = { x: Object.values(answer.value)[0] };
      },
      "service-malformed",
    ],
    [1, "no promise", set("verification.signedEntryTimestamp", null), "service-malformed"],
    [1, "no proof", set("verification.inclusionProof", null), "service-malformed"],
    [
      1,
      "a hash that is short",
      set("verification.inclusionProof.rootHash", "00"),
      "service-malformed",
    ],
    [
      1,
      "another root",
      set("verification.inclusionProof.rootHash", "00".repeat(32)),
      "log-entry-unproven",
    ],
    [1, "another leaf index", set("verification.inclusionProof.logIndex", 4), "log-entry-unproven"],
    [
      1,
      "another entry",
      (answer) => {
        const { id, value } = answerV1(utf8Bytes('{"apiVersion":"0.0.1","kind":"hashedrekord"}'));
        answer.value = { [id]: value };
      },
      "log-entry-mismatch",
    ],
  ];
  for (const [api, name, edit, code] of cases) {
    test(`Rekor v${api}: ${name}`, async () => {
      const { log: rekor } = await log(api, edit);
      await assert.rejects(signWith([rekor]), refuses(code as never));
    });
  }

  for (const [name, edit] of [
    ["promise", set("verification.signedEntryTimestamp", encodeBase64(new Uint8Array(70)))],
    ["time", set("integratedTime", 5)],
  ] as const) {
    test(`a forged ${name} is seen with the trusted root`, async () => {
      const { log: rekor } = await log(1, edit);
      await assert.rejects(signWith([rekor]), refuses("log-entry-unproven", /set-invalid/));
    });
  }

  test("refusals by the log are told in its words", async () => {
    for (const api of [1, 2] as const) {
      const { log: rekor } = await log(api, (answer) => {
        answer.status = 400;
        answer.value = { code: 400, message: "verifying signature: invalid signature" };
      });
      const said = refuses("service-refused", /answers 400: verifying signature/);
      await assert.rejects(signWith([rekor]), said);
    }
  });
});

describe("entries that the log has already", () => {
  function conflict(headers: (id: string) => Record<string, string>, message = (_: string) => "") {
    return (answer: { status: number; headers: Record<string, string>; value: any }): void => {
      const id = Object.keys(answer.value)[0] ?? "";
      held = answer.value;
      Object.assign(answer, { status: 409, headers: headers(id) });
      answer.value = { code: 409, message: message(id) };
    };
  }
  let held: any = {};
  const serve: Respond = ({ path }) => {
    const id = Object.keys(held)[0] as string;
    return path === `/api/v1/log/entries/${id}` || path === `/api/v1/log/entries/${id.slice(16)}`
      ? { body: JSON.stringify(held) }
      : { status: 404 };
  };
  const entriesPath = "/api/v1/log/entries/";

  test("Rekor v1 names it by Location, of which only the id is used", async () => {
    for (const location of [
      (id: string) => entriesPath + id,
      (id: string) => `https://elsewhere.example${entriesPath}${id}`,
      (id: string) => `${entriesPath}${id.slice(16)}`,
    ]) {
      const named = conflict((id) => ({ location: location(id) }));
      const { log: rekor, requests } = await log(1, named, serve);
      const { bundle } = await signWith([rekor]);
      assert.equal(bundle.tlogEntries.length, 1);
      assert.equal(requests.length, 2);
    }
  });

  test("Rekor v1 names it in its message, where a proxy dropped the header", async () => {
    const words = "an equivalent entry already exists in the transparency log with UUID ";
    const named = conflict(
      () => ({}),
      (id) => words + id,
    );
    const { log: rekor } = await log(1, named, serve);
    assert.equal((await signWith([rekor])).bundle.tlogEntries.length, 1);
  });

  test("an entry that cannot be read yet is waited for, not for ever", async () => {
    let misses = 0;
    const named = conflict((id) => ({ location: entriesPath + id }));
    const late: Respond = (request, count) =>
      misses++ < 2 ? { status: 404 } : serve(request, count);
    const { log: rekor } = await log(1, named, late);
    assert.equal((await signWith([rekor])).bundle.tlogEntries.length, 1);
    assert.equal(misses, 3);
    const never = await log(1, named, () => ({ status: 404 }));
    await assert.rejects(signWith([never.log]), refuses("service-malformed", /does not have it/));
    assert.equal(never.requests.length, 5);
  });

  test("an entry that is named and is another is refused", async () => {
    const other = answerV1(utf8Bytes('{"apiVersion":"0.0.1","kind":"hashedrekord"}'));
    const body = JSON.stringify({ [other.id]: other.value });
    const named = conflict(() => ({ location: entriesPath + other.id }));
    const { log: rekor } = await log(1, named, () => ({ body }));
    await assert.rejects(signWith([rekor]), refuses("log-entry-mismatch"));
    const swapped = conflict((id) => ({ location: entriesPath + id }));
    const { log: liar } = await log(1, swapped, () => ({ body }));
    await assert.rejects(signWith([liar]), refuses("service-malformed", /not the one asked for/));
    const unnamed = await log(
      1,
      conflict(() => ({})),
      serve,
    );
    await assert.rejects(signWith([unnamed.log]), refuses("service-malformed", /not which/));
  });

  test("Rekor v2 names its index, and its tiles hold entry and proof", async () => {
    // One leaf: its tile is its hash, its proof is empty.
    let leaf = new Uint8Array();
    const edit = (answer: any, body: any): void => {
      leaf = new Uint8Array(leafOfRequest(body));
      Object.assign(answer, { status: 409, headers: { "x-log-index": "0" }, value: {} });
    };
    const reads: Respond = ({ path }) => {
      const alone = answerV2(leaf, { leafIndex: 0, treeSize: 1 });
      if (path === "/checkpoint") return { body: alone.inclusionProof.checkpoint.envelope };
      if (path !== "/tile/entries/000.p/1") return { status: 404 };
      return { body: Buffer.concat([Buffer.from([leaf.length >> 8, leaf.length & 255]), leaf]) };
    };
    const { url } = await log(2, edit, reads);
    const known = openLog(url, 2, { ...quick, trustedRoot });
    const { bundle } = await signWith([known]);
    assert.equal((bundle.tlogEntries[0] as LogEntry).inclusionProof?.treeSize, 1n);
    const unknown = refuses("log-entry-unproven", /nothing is known here.*trusted root/);
    await assert.rejects(signWith([openLog(url, 2, quick)]), unknown);
    for (const headers of [{}, { "x-log-index": "-1" }, { "x-log-index": "99999999999999999" }]) {
      const vague = await log(2, (answer) => Object.assign(answer, { status: 409, headers }));
      await assert.rejects(signWith([vague.log]), refuses("service-malformed", /not where/));
    }
    const beyond = await log(
      2,
      (answer, body) => {
        edit(answer, body);
        answer.headers["x-log-index"] = "1";
      },
      reads,
    );
    await assert.rejects(signWith([beyond.log]), refuses("log-entry-unproven", /beyond/));
  });
});

describe("the choice of logs", () => {
  const now = new Date("2030-06-01T00:00:00Z");
  const config = (services: readonly [string, number, string][]): SigningConfig => ({
    mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    caUrls: [],
    oidcUrls: [],
    tsaUrls: [],
    rekorTlogUrls: services.map(([url, majorApiVersion, start]) => ({
      url,
      majorApiVersion,
      validFor: { start: new Date(start) },
      operator: "test",
    })),
    rekorTlogConfig: { selector: "ANY" },
  });
  const chosen = (value: SigningConfig) => selectLogs(value, now).map(({ url, api }) => [url, api]);

  test("Rekor v2 is preferred, from its start on", () => {
    const v1 = ["https://one.test", 1, "2020-01-01T00:00:00Z"] as const;
    const v2 = (start: string) => ["https://two.test", 2, start] as const;
    assert.deepEqual(chosen(config([[...v1], [...v2("2030-01-01T00:00:00Z")]])), [
      ["https://two.test", 2],
    ]);
    assert.deepEqual(chosen(config([[...v1], [...v2("2031-01-01T00:00:00Z")]])), [
      ["https://one.test", 1],
    ]);
  });

  test("a config without logs selects none, one whose logs cannot be used is refused", () => {
    assert.deepEqual(chosen(config([])), []);
    const late = config([["https://x.test", 2, "2031-01-01T00:00:00Z"]]);
    assert.throws(() => chosen(late), refuses("no-service", /in use at/));
    const unknown = config([["https://x.test", 3, "2020-01-01T00:00:00Z"]]);
    assert.throws(() => chosen(unknown), refuses("no-service", /version 3 is offered/));
  });
});

describe("reading Rekor v1", () => {
  test("an entry is asked for by id or index, and must be that one", async () => {
    const { id, value } = answerV1(utf8Bytes('{"apiVersion":"0.0.1","kind":"x","spec":{}}'));
    const body = JSON.stringify({ [id]: { ...value, attestation: { data: "YQ==" } } });
    const server = await loopback(() => ({ body }));
    const client = new RekorV1Client(server.url, quick);
    const found = await client.entry({ id });
    assert.equal(found?.id, id);
    assert.deepEqual(found?.attestation, Uint8Array.of(0x61));
    assert.equal((await client.entry({ logIndex: BigInt(value.logIndex) }))?.id, id);
    const other = refuses("service-malformed", /not the one asked for/);
    await assert.rejects(client.entry({ logIndex: 1n }), other);
    await assert.rejects(client.entry({ id: "0".repeat(64) }), other);
    const empty = await loopback(() => ({ status: 404 }));
    assert.equal(await new RekorV1Client(empty.url, quick).entry({ id }), undefined);
  });

  test("ids, states, proofs and keys that are none are refused", async () => {
    const malformed = refuses("service-malformed");
    for (const body of ["", "x", "{}", "[1]", '["zz"]', "null"]) {
      const client = new RekorV1Client((await loopback(() => ({ body }))).url, quick);
      // Go writes a list of nothing as null.
      if (body === "null") assert.deepEqual(await client.searchIndex({ email: "a@b" }), []);
      else await assert.rejects(client.searchIndex({ email: "a@b" }), malformed);
      await assert.rejects(client.state(), malformed);
      await assert.rejects(client.consistency({ firstSize: 1n, lastSize: 2n }), malformed);
      await assert.rejects(client.publicKey(), malformed);
      await assert.rejects(client.retrieve({ ids: [] }), malformed);
    }
  });
});
