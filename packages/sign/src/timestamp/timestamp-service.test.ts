// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { signingConfigMediaType, type SigningConfig } from "@chancery/formats/trust";
import { decodeTimestampRequest, encodeTimestampRejection } from "@chancery/formats/tsp";
import { testInstance } from "../../../../test/instance.ts";
import { buildTimestamp, type TestTimestampOptions } from "../../../../test/timestamp-builder.ts";
import { refuses } from "../../test/keys.ts";
import { loopback, type TestAnswer } from "../../test/loopback.ts";
import type { SignErrorCode } from "../errors.ts";
import { openTimestampService, selectTimestampServices } from "./index.ts";

const { tsa } = testInstance();
const quick = { wait: async () => undefined };
const signature = utf8Bytes("a signature");
type Request = ReturnType<typeof decodeTimestampRequest>;

/** An authority that answers with bytes made of the request. */
async function authority(answer: (request: Request) => Uint8Array): Promise<{
  readonly url: string;
  readonly asked: { readonly path: string; readonly type: string; readonly request: Request }[];
}> {
  const asked: { path: string; type: string; request: Request }[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Uint8Array[] = [];
    incoming.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    incoming.on("end", () => {
      const request = decodeTimestampRequest(new Uint8Array(Buffer.concat(chunks)));
      const type = incoming.headers["content-type"] ?? "";
      asked.push({ path: incoming.url ?? "", type, request });
      response.setHeader("content-type", "application/timestamp-reply");
      response.end(answer(request));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const stampOf = ({ nonce }: Request, more: TestTimestampOptions = {}): Uint8Array =>
  buildTimestamp(tsa, signature, { ...(nonce === undefined ? {} : { nonce }), ...more });

describe("a timestamp", () => {
  test("is asked for over the signature's SHA-256, with a nonce that is new each time", async () => {
    const { url, asked } = await authority((request) => stampOf(request));
    const service = openTimestampService(url, quick);
    const der = await service.stamp(signature);
    await service.stamp(signature);
    assert.equal(asked.length, 2);
    const [one, two] = asked;
    assert.ok(one && two);
    assert.equal(one.path, "/api/v1/timestamp");
    assert.equal(one.type, "application/timestamp-query");
    assert.deepEqual(one.request.imprint.digest, sha256(signature));
    assert.equal(one.request.imprint.hash, "sha256");
    assert.equal(one.request.certReq, false);
    assert.notEqual(one.request.nonce, two.request.nonce);
    for (const { nonce } of [one.request, two.request]) {
      assert.ok(nonce !== undefined && nonce >= 2n ** 62n && nonce < 2n ** 63n);
    }
    assert.ok(der.length > 100);
  });

  test("is asked for at the path that the URL has", async () => {
    const { url, asked } = await authority((request) => stampOf(request));
    await openTimestampService(`${url}/`, quick).stamp(signature);
    await openTimestampService(`${url}/tsr`, quick).stamp(signature);
    await openTimestampService(`${url}/tsr/`, quick).stamp(signature);
    assert.deepEqual(
      asked.map(({ path }) => path),
      ["/api/v1/timestamp", "/tsr", "/tsr"],
    );
  });

  test("may bring the authority's certificate, where that is asked for", async () => {
    const certificates = [tsa.certificate];
    const { url, asked } = await authority((request) => stampOf(request, { certificates }));
    await openTimestampService(url, { ...quick, certReq: true }).stamp(signature);
    assert.equal(asked[0]?.request.certReq, true);
    const bare = await authority((request) => stampOf(request));
    await assert.rejects(
      openTimestampService(bare.url, { ...quick, certReq: true }).stamp(signature),
      refuses("timestamp-mismatch", /lacks the certificate/),
    );
  });

  test("of something else, of another request, or that is none is refused", async () => {
    const other = utf8Bytes("another signature");
    const nonce = (request: Request) => (request.nonce ?? 0n) + 1n;
    const cases: readonly [string, (request: Request) => Uint8Array, SignErrorCode][] = [
      [
        "another signature",
        ({ nonce: sent }) => buildTimestamp(tsa, other, { nonce: sent as bigint }),
        "timestamp-mismatch",
      ],
      ["another hash", (r) => stampOf(r, { imprintHash: "sha512" }), "timestamp-mismatch"],
      ["another nonce", (r) => stampOf(r, { nonce: nonce(r) }), "timestamp-mismatch"],
      ["no nonce", () => buildTimestamp(tsa, signature), "timestamp-mismatch"],
      ["a grant with changes", (r) => stampOf(r, { status: 1 }), "timestamp-refused"],
      ["a refusal", () => encodeTimestampRejection("badAlg", "no such hash"), "timestamp-refused"],
      ["nothing", () => new Uint8Array(0), "service-malformed"],
      ["a part", (r) => stampOf(r).subarray(0, 90), "service-malformed"],
      ["more", (r) => Uint8Array.from([...stampOf(r), 0]), "service-malformed"],
      ["a page", () => utf8Bytes("<html>"), "service-malformed"],
      ["too much", () => new Uint8Array(70_000), "service-malformed"],
    ];
    for (const [name, answer, code] of cases) {
      const { url } = await authority(answer);
      const stamped = openTimestampService(url, quick).stamp(signature);
      await assert.rejects(stamped, refuses(code), name);
    }
    const { url } = await authority(() => encodeTimestampRejection("badAlg", "no\u001b[2J hash"));
    const refused = openTimestampService(url, quick).stamp(signature);
    await assert.rejects(refused, refuses("timestamp-refused", /rejection: badAlg, no \[2J hash/));
  });
});

describe("a timestamp authority", () => {
  test("that is down, busy, slow or elsewhere has its code", async () => {
    const cases: readonly [TestAnswer, SignErrorCode, number][] = [
      [{ status: 503 }, "service-unavailable", 4],
      [{ status: 400, body: '{"message":"Weak hash"}' }, "service-refused", 1],
      [{ status: 415 }, "service-refused", 1],
      [{ drop: true }, "service-unreachable", 4],
      [{ status: 302, headers: { location: "/other" } }, "service-malformed", 1],
      [{ status: 307, headers: { location: "http://other.example/" } }, "service-malformed", 1],
      [{ flood: 1 << 20 }, "service-malformed", 1],
    ];
    for (const [answer, code, requests] of cases) {
      const server = await loopback(() => answer);
      const stamped = openTimestampService(server.url, quick).stamp(signature);
      await assert.rejects(stamped, refuses(code), JSON.stringify(answer));
      assert.equal(server.requests.length, requests);
    }
    const slow = await loopback(() => ({ hang: true }));
    const limits = { ...quick, timeoutMs: 50, attemptsMax: 1 };
    const late = openTimestampService(slow.url, limits).stamp(signature);
    await assert.rejects(late, refuses("service-unreachable", /no answer within/));
    assert.throws(() => openTimestampService("tsa"), refuses("malformed-service-url"));
  });

  test("is chosen from the signing config by its rules", () => {
    const service = (url: string, operator: string) => {
      const validFor = { start: new Date("2020-01-01") };
      return { url, majorApiVersion: 1, operator, validFor };
    };
    const config: SigningConfig = {
      mediaType: signingConfigMediaType,
      caUrls: [],
      oidcUrls: [],
      rekorTlogUrls: [],
      tsaUrls: [service("https://a.example/tsr", "a"), service("https://b.example/tsr", "b")],
      tsaConfig: { selector: "ALL" },
    };
    const now = new Date("2030-01-01");
    const urls = (change: Partial<SigningConfig>): string[] =>
      selectTimestampServices({ ...config, ...change }, now).map(({ url }) => url);
    assert.deepEqual(urls({}), ["https://a.example/tsr", "https://b.example/tsr"]);
    assert.deepEqual(urls({ tsaConfig: { selector: "ANY" } }), ["https://a.example/tsr"]);
    assert.deepEqual(urls({ tsaUrls: [] }), []);
    const three = { selector: "EXACT", count: 3 } as const;
    assert.throws(() => urls({ tsaConfig: three }), refuses("no-service", /timestamp authority/));
    assert.throws(() => selectTimestampServices(config, new Date(0)), refuses("no-service"));
  });
});
