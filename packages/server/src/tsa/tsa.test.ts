// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { concatBytes, encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { hash, type HashName } from "@chancery/formats/crypto";
import {
  derBoolean,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
} from "@chancery/formats/der";
import {
  decodeTimestampResponse,
  encodeTimestampRequest,
  type TimestampRequestInput,
  type TimestampToken,
  verifyTimestamp,
} from "@chancery/formats/tsp";
import { decodeCertificatesPem, verifyLeaf, prepareIssuers } from "@chancery/formats/x509";
import {
  began,
  chain,
  post,
  signer,
  startedTsa,
  type TimestampAnswer,
  type TimestampServer,
} from "../../test/timestamp-server.ts";
import { defaultTimestampPolicy, TimestampChainError } from "./index.ts";

const signature = utf8Bytes("a signature");
const digest = hash("sha256", signature);
const query = (change: Partial<TimestampRequestInput> = {}): Uint8Array =>
  encodeTimestampRequest({ hash: "sha256", digest, ...change });
const jsonQuery = (change: object = {}): string =>
  JSON.stringify({ artifactHash: encodeBase64(digest), hashAlgorithm: "sha256", ...change });

function granted(answer: TimestampAnswer, status = 200): TimestampToken {
  assert.equal(answer.status, status, JSON.stringify(answer.json));
  assert.equal(answer.headers.get("content-type"), "application/timestamp-reply");
  assert.match(answer.headers.get("cache-control") ?? "", /^no-cache, no-store/);
  const response = decodeTimestampResponse(answer.bytes);
  assert.equal(response.status, "granted");
  const verified = verifyTimestamp(response, { signature, authority: chain[0] });
  assert.equal(verified.certificateId, "verified");
  return response.token;
}

function refused(answer: TimestampAnswer, code: number, message: string | RegExp): void {
  assert.equal(answer.status, code);
  assert.deepEqual(Object.keys(answer.json), ["code", "message"]);
  assert.equal(answer.json.code, code);
  if (typeof message === "string") assert.equal(answer.json.message, message);
  else assert.match(answer.json.message, message);
}

suite("a timestamp authority over HTTP", () => {
  test("signs what is asked in DER", async (t) => {
    const server = await startedTsa(t);
    const token = granted(await post(server, query()));
    assert.equal(token.genTime.toISOString(), "2030-01-01T01:00:00.000Z");
    assert.equal(token.policy, defaultTimestampPolicy);
    assert.equal(token.nonce, undefined);
    assert.deepEqual(token.certificates, []);
    const nonce = 2n ** 159n + 12_345n;
    const full = granted(await post(server, query({ nonce, certReq: true })));
    assert.equal(full.nonce, nonce);
    assert.deepEqual(full.certificates, [chain[0].der]);
    assert.notEqual(full.serialNumber, token.serialNumber);
    assert.ok(full.serialNumber > 0n && full.serialNumber < 2n ** 160n);
    for (const name of ["sha384", "sha512"] as const satisfies HashName[]) {
      const wanted = query({ hash: name, digest: hash(name, signature) });
      granted(await post(server, wanted));
    }
  });

  test("signs what is asked in JSON", async (t) => {
    const server = await startedTsa(t);
    const token = granted(await post(server, jsonQuery()));
    assert.deepEqual([token.certificates, token.nonce], [[], undefined]);
    const nonce = 2n ** 200n + 1n;
    const more = `{"nonce":${nonce},"certificates":true,"tsaPolicyOID":"1.3.6.1.4.1.57264.2",`;
    const full = granted(await post(server, jsonQuery().replace("{", more)));
    assert.deepEqual([full.nonce, full.certificates.length], [nonce, 1]);
    const sha512 = {
      hashAlgorithm: "SHA512",
      artifactHash: encodeBase64(hash("sha512", signature)),
    };
    granted(
      await post(server, jsonQuery({ ...sha512, unknown: 1, nonce: null, tsaPolicyOID: "" })),
    );
  });

  test("takes content types with parameters, in any case", async (t) => {
    const server = await startedTsa(t);
    granted(await post(server, query(), "Application/Timestamp-Query; charset=x"));
    granted(await post(server, jsonQuery(), "application/json;charset=utf-8"));
  });

  test("shows its chain, which verifies what it signs", async (t) => {
    const server = await startedTsa(t);
    const answer = await fetch(`${server.url}/certchain`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), "application/pem-certificate-chain");
    assert.equal(answer.headers.get("cache-control"), "max-age=86400, immutable");
    const shown = decodeCertificatesPem(await answer.text());
    assert.deepEqual(shown, [...chain]);
    verifyLeaf(shown[0]!, prepareIssuers(shown.slice(1)), began, "time-stamping");
  });

  test("answers 201 and embeds its chain where it is told to", async (t) => {
    const server = await startedTsa(t, { grantedStatus: 201, includeChain: true });
    const token = granted(await post(server, query({ certReq: true })), 201);
    assert.equal(token.certificates.length, 3);
    assert.deepEqual(granted(await post(server, query()), 201).certificates, []);
  });

  test("takes other policies and extensions where it is told to", async (t) => {
    const extensions = [{ oid: "1.2.3", critical: false, value: derNull() }];
    const server = await startedTsa(t, { acceptedPolicies: ["1.2.3.4"], allowExtensions: true });
    const token = granted(await post(server, query({ policy: "1.2.3.4", extensions })));
    assert.deepEqual([token.policy, token.extensions], ["1.2.3.4", extensions]);
    const own = await startedTsa(t, { policy: "1.2.3.5" });
    assert.equal(granted(await post(own, query())).policy, "1.2.3.5");
    assert.equal((await post(own, query({ policy: defaultTimestampPolicy }))).status, 400);
  });
});

const general = "Error generating timestamp response";
const wrongLength = "Message digest has incorrect length for specified algorithm";
const weak = "Weak hash algorithm in timestamp request";
const policy = "unaccepted policy: requested TSA policy is not supported by the TSA";
const extension = "unaccepted extension: requested extensions are not supported by the TSA";
/** A request of any parts after the version. */
const raw = (...parts: readonly Uint8Array[]): Uint8Array => derSequence(derInteger(1), ...parts);
const imprint = (oid: string, length: number): Uint8Array =>
  derSequence(derSequence(derOid(oid), derNull()), derOctetString(new Uint8Array(length)));
const sha256 = "2.16.840.1.101.3.4.2.1";

suite("a timestamp authority refuses", () => {
  for (const [what, body, message, failure] of [
    ["nothing", new Uint8Array(0), general, "badDataFormat"],
    ["what is no request", utf8Bytes("hello"), general, "badDataFormat"],
    ["bytes after the request", concatBytes(query(), derNull()), general, "badDataFormat"],
    ["SHA-1", raw(imprint("1.3.14.3.2.26", 20)), weak, "badAlg"],
    ["SHA-1 of another size", raw(imprint("1.3.14.3.2.26", 32)), weak, "badAlg"],
    ["MD5", raw(imprint("1.2.840.113549.2.5", 16)), general, "badAlg"],
    ["a short digest", raw(imprint(sha256, 31)), wrongLength, "badDataFormat"],
    ["a long digest", raw(imprint(sha256, 33)), wrongLength, "badDataFormat"],
    ["an empty digest", raw(imprint(sha256, 0)), wrongLength, "badDataFormat"],
    ["a policy of others", query({ policy: "1.2.3" }), policy, "unacceptedPolicy"],
    [
      "an extension",
      query({ extensions: [{ oid: "1.2.3", critical: false, value: derNull() }] }),
      extension,
      "unacceptedExtension",
    ],
    ["a nonce of 65 bytes", query({ nonce: 2n ** 512n }), general, "badDataFormat"],
    ["a written default", raw(imprint(sha256, 32), derBoolean(false)), general, "badDataFormat"],
    ["version 2", derSequence(derInteger(2), imprint(sha256, 32)), general, "badDataFormat"],
    ["what is too long to be one", new Uint8Array(20_000), general, "badDataFormat"],
  ] as const) {
    test(`${what}, in DER`, async (t) => {
      const plain = await post(await startedTsa(t), body);
      refused(plain, 400, message);
      assert.equal(plain.headers.get("chancery-reason"), failure);
      const strict = await startedTsa(t, { rfc3161Statuses: true });
      const answer = await post(strict, body);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("content-type"), "application/timestamp-reply");
      const expected = { status: "rejection", statusText: [message], failInfo: [failure] };
      assert.deepEqual(decodeTimestampResponse(answer.bytes), expected);
    });
  }

  for (const [what, body, message] of [
    ["what is no JSON", "hello", general],
    ["an array", "[]", general],
    ["an empty object", "{}", general],
    ["SHA-1", jsonQuery({ hashAlgorithm: "sha1" }), weak],
    ["an unknown hash", jsonQuery({ hashAlgorithm: "toString" }), general],
    ["a hash that is no text", jsonQuery({ hashAlgorithm: 256 }), general],
    ["a digest of another hash", jsonQuery({ hashAlgorithm: "sha384" }), wrongLength],
    ["no digest", '{"hashAlgorithm":"sha256"}', wrongLength],
    ["a digest that is not base64", jsonQuery({ artifactHash: "%%%%" }), general],
    ["a fraction for a nonce", jsonQuery({ nonce: 1.5 }), general],
    ["a text for a nonce", jsonQuery({ nonce: "1" }), general],
    ["a nonce of 65 bytes", jsonQuery().replace("{", `{"nonce":${2n ** 512n},`), general],
    ["a text for a boolean", jsonQuery({ certificates: "true" }), general],
    ["a policy of others", jsonQuery({ tsaPolicyOID: "1.2.3" }), policy],
    ["a policy that is none", jsonQuery({ tsaPolicyOID: "1.2.x" }), general],
    [
      "a policy of 129 components",
      jsonQuery({ tsaPolicyOID: Array(129).fill("1").join(".") }),
      "OID should be comprised of at most 128 components",
    ],
    ["more than 1024 bytes", jsonQuery() + " ".repeat(1024), "timestamp request is too large"],
  ] as const) {
    test(`${what}, in JSON`, async (t) => {
      // JSON is answered with JSON, also where refusals are RFC 3161's.
      const server = await startedTsa(t, { rfc3161Statuses: true });
      refused(await post(server, body), 400, message);
    });
  }

  test("a request cut at any byte", async (t) => {
    const server = await startedTsa(t);
    const whole = query({ nonce: 5n, certReq: true, policy: defaultTimestampPolicy });
    for (let length = 0; length < whole.length; length++) {
      refused(await post(server, whole.subarray(0, length)), 400, general);
    }
    granted(await post(server, whole));
  });

  test("or signs a request with any bit turned, and never fails", async (t) => {
    const server = await startedTsa(t);
    const whole = query({ nonce: 5n, certReq: true });
    const statuses = new Set<number>();
    for (let bit = 0; bit < 8 * whole.length; bit++) {
      const turned = whole.with(bit >> 3, (whole[bit >> 3] as number) ^ (1 << (bit & 7)));
      statuses.add((await post(server, turned)).status);
    }
    assert.deepEqual(statuses, new Set([200, 400]));
  });

  test("other content types, methods and sizes", async (t) => {
    const server = await startedTsa(t);
    const only = "only [application/json application/timestamp-query] are allowed";
    for (const [type, named] of [
      ["text/plain", "text/plain"],
      ["application/octet-stream", "application/octet-stream"],
      ["application/timestamp-reply", "application/timestamp-reply"],
      ["", "application/octet-stream"],
    ] as const) {
      const answer = await post(server, query(), type);
      refused(answer, 415, `unsupported media type "${named}", ${only}`);
    }
    refused(await post(server, new Uint8Array((1 << 20) + 1)), 413, "Request Entity Too Large");
    assert.equal((await fetch(server.url)).status, 405);
    assert.equal((await fetch(`${server.url}/certchain`, { method: "POST" })).status, 405);
  });

  test("to go on when its key is gone, and says no more to clients", async (t) => {
    const sign = (): Promise<Uint8Array> => Promise.reject(new Error("slot 7 of the token"));
    for (const rfc3161Statuses of [false, true]) {
      const server = await startedTsa(t, { signer: { ...signer, sign }, rfc3161Statuses });
      const answer = await post(server, query());
      if (rfc3161Statuses) {
        const { failInfo } = decodeTimestampResponse(answer.bytes);
        assert.deepEqual([answer.status, failInfo], [200, ["systemFailure"]]);
      } else {
        refused(answer, 500, general);
      }
      assert.ok(server.lines.some(({ level, err }) => level === 50 && /slot 7/.test(err.message)));
    }
  });
});

async function strictly(t: TestContext): Promise<TimestampServer> {
  return startedTsa(t, { rfc3161Statuses: true });
}

suite("a timestamp authority whose clock", () => {
  for (const [direction, ms] of [
    ["forward", 1_001],
    ["back", -1_001],
    ["forward", 86_400_000],
  ] as const) {
    test(`was set ${direction} by ${ms} ms does not sign until it is set back`, async (t) => {
      const server = await startedTsa(t);
      server.clock.pass(600_000);
      granted(await post(server, query()));
      server.clock.wall += ms;
      const seconds = (Math.abs(ms) / 1000).toFixed(1);
      const message =
        `no timestamps are made: the clock was set ${direction} by ${seconds} s while the ` +
        "service ran: set it right and start the service again";
      refused(await post(server, query()), 503, message);
      refused(await post(server, jsonQuery()), 503, message);
      assert.equal(server.authority.problem(), message);
      server.clock.pass(600_000);
      refused(await post(server, query()), 503, message);
      server.clock.wall -= ms;
      granted(await post(server, query()));
      assert.equal(server.authority.problem(), undefined);
    });
  }

  test("moves by less goes on", async (t) => {
    const server = await startedTsa(t);
    server.clock.wall += 900;
    granted(await post(server, query()));
    server.clock.wall -= 1_800;
    granted(await post(server, query()));
  });

  test("says nothing that can be compared does not sign", async (t) => {
    const server = await startedTsa(t);
    server.clock.wall = Number.NaN;
    assert.equal((await post(server, query())).status, 503);
  });

  test("cannot be believed says so as RFC 3161 does where it is told to", async (t) => {
    const server = await strictly(t);
    server.clock.wall += 5_000;
    const { failInfo } = decodeTimestampResponse((await post(server, query())).bytes);
    assert.deepEqual(failInfo, ["timeNotAvailable"]);
  });

  test("is outside its certificates' validity does not sign", async (t) => {
    const server = await startedTsa(t);
    const [leaf] = chain;
    server.clock.pass(began.getTime() - server.clock.wall - 1);
    refused(await post(server, query()), 503, /valid from 2030-01-01T00:00:00\.000Z to 2039/);
    server.clock.pass(1);
    granted(await post(server, query()));
    server.clock.pass(leaf.notAfter.getTime() - server.clock.wall);
    granted(await post(server, query()));
    server.clock.pass(1);
    refused(await post(server, query()), 503, /it is 2039-01-01T00:00:00\.001Z/);
    const strict = await strictly(t);
    strict.clock.pass(leaf.notAfter.getTime());
    const { failInfo } = decodeTimestampResponse((await post(strict, query())).bytes);
    assert.deepEqual(failInfo, ["systemFailure"]);
  });
});

suite("a timestamp authority's metrics", () => {
  test("have the names of Sigstore's", async (t) => {
    const server = await startedTsa(t);
    await post(server, query());
    await post(server, query({ policy: "1.2.3" }));
    await post(server, "");
    const text = await server.metrics.registry.metrics();
    const path = 'path="/api/v1/timestamp",method="POST"';
    for (const line of [
      `timestamp_authority_http_requests_total{code="200",${path}} 1`,
      `timestamp_authority_http_requests_total{code="400",${path}} 2`,
      `timestamp_authority_latency_by_api_count{${path}} 3`,
      'chancery_timestamps_refused{failure="unacceptedPolicy"} 1',
      'chancery_timestamps_refused{failure="badDataFormat"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
    assert.match(text, /^timestamp_authority_certificate_valid_days_remaining [0-9.]+$/m);
  });
});

suite("a timestamp authority does not begin", () => {
  test("with a chain that clients refuse", async (t) => {
    const [leaf, middle, root] = chain;
    for (const [wrong, message] of [
      [[], /must hold the leaf/],
      [[leaf], /must hold the leaf/],
      [[middle, root], /not that of the signing key/],
      [[leaf, root], /does not hold together/],
      [[leaf, middle, middle], /does not hold together/],
    ] as const) {
      const isRefused = (error: unknown): boolean =>
        error instanceof TimestampChainError && message.test(error.message);
      await assert.rejects(startedTsa(t, { chain: wrong }), isRefused);
    }
  });
});
