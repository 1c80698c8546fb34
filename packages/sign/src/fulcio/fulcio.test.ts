// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import {
  algorithmByFlag,
  decodePublicKeyPem,
  defaultAlgorithm,
  verifySignature,
} from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { signingConfigMediaType, type SigningConfig } from "@chancery/formats/trust";
import { testInstance } from "../../../../test/instance.ts";
import { buildCa, testKey } from "../../../formats/test/certificate-builder.ts";
import { refuses } from "../../test/keys.ts";
import { inTurn, loopback, type TestAnswer } from "../../test/loopback.ts";
import { certificates, detached, embedded } from "../../test/test-fulcio.ts";
import type { SignErrorCode } from "../errors.ts";
import { keySigner, oneTimeSigner, type Signer } from "../signer/index.ts";
import {
  certify,
  type CertificateOptions,
  type CertifiedSigner,
  type IdentityProof,
  openCertificateService,
  selectCertificateService,
} from "./index.ts";

const instance = testInstance();
const quick = { wait: async () => undefined };
const token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2kifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";
const identity: IdentityProof = {
  identity: "signer@example.com",
  issuer: "https://issuer.example",
  bearer: () => token,
  challenge: () => utf8Bytes("signer@example.com"),
};

/** A Fulcio that answers with a value made of the request. */
async function fulcio(answer: (requested: any) => unknown) {
  return loopback(({ body }) => ({ body: JSON.stringify(answer(JSON.parse(body))) }));
}

const good = (requested: any): unknown => embedded(certificates(instance, requested));

function ask(
  url: string,
  signer: Signer = oneTimeSigner(),
  options: CertificateOptions = {},
): Promise<CertifiedSigner> {
  const authority = openCertificateService(url, { ...quick, ...options });
  return certify({ signer, identity, authority });
}

describe("certificates", () => {
  for (const flag of [
    "ecdsa-sha2-256-nistp256",
    "ecdsa-sha2-384-nistp384",
    "ecdsa-sha2-512-nistp521",
    "ed25519",
    "ed25519-ph",
    "rsa-sign-pkcs1-2048-sha256",
    "rsa-sign-pss-2048-sha256",
  ]) {
    test(`are asked for with a proof by the key's own algorithm: ${flag}`, async () => {
      const server = await fulcio(good);
      const algorithm = algorithmByFlag(flag);
      const signer = keySigner(generatePrivateKey(algorithm), algorithm);
      const certified = await ask(`${server.url}/`, signer);
      const [request, ...others] = server.requests;
      assert.ok(request);
      assert.equal(others.length, 0);
      assert.equal(request.path, "/api/v2/signingCert");
      assert.equal(request.headers.authorization, `Bearer ${token}`);
      const { publicKey, proofOfPossession } = JSON.parse(request.body).publicKeyRequest;
      const key = decodePublicKeyPem(publicKey.content);
      assert.deepEqual(key.spki, signer.publicKey.spki);
      const proof = decodeBase64(proofOfPossession);
      const { scheme } = defaultAlgorithm(key);
      assert.ok(verifySignature(key, scheme, identity.challenge(), proof));
      assert.equal(certified.algorithm, algorithm);
      assert.deepEqual(certified.certificate.publicKey.spki, key.spki);
      assert.equal(certified.issuers.length, 2);
      assert.ok(!request.body.includes(token));
    });
  }

  test("sign what the signer signs", async () => {
    const server = await fulcio(good);
    const certified = await ask(server.url);
    const message = utf8Bytes("message");
    const signature = await certified.sign(message);
    const { publicKey, algorithm } = certified;
    assert.ok(verifySignature(publicKey, algorithm.scheme, message, signature));
  });

  test("are not asked for over keys that no authority certifies", async () => {
    const server = await fulcio(good);
    const rsa = keySigner(generatePrivateKey(algorithmByFlag("rsa-sign-pkcs1-2048-sha256")));
    const odd = { ...rsa, publicKey: { ...rsa.publicKey, modulusBits: 2056 } } as Signer;
    await assert.rejects(ask(server.url, odd), refuses("unsupported-key", /2056 bits/));
    assert.equal(server.requests.length, 0);
  });

  test("that no CT log vouches for are taken only by those who say so", async () => {
    const bare = (requested: any) => certificates(instance, requested, { ctKeys: [] });
    const cases: readonly [(requested: any) => unknown, RegExp][] = [
      [(requested) => embedded(bare(requested)), /is in no CT log/],
      [(requested) => detached(bare(requested), ""), /is in no CT log/],
      [(requested) => detached(bare(requested), "e30="), /came beside it/],
    ];
    for (const [answer, said] of cases) {
      const server = await fulcio(answer);
      await assert.rejects(ask(server.url), refuses("certificate-unproven", said));
      const taken = await ask(server.url, oneTimeSigner(), { insecureIgnoreSct: true });
      assert.ok(taken.certificate);
    }
    const both = await fulcio((requested) => detached(certificates(instance, requested), "e30="));
    assert.ok(await ask(both.url));
  });

  test("that are not what was asked for, or do not hold, are refused", async () => {
    const foreign = buildCa({ subject: "CN=foreign" });
    const chainOf = (requested: any, change: (chain: Uint8Array[]) => Uint8Array[]): unknown =>
      embedded(change(certificates(instance, requested)));
    const cases: readonly [string, (requested: any) => unknown, SignErrorCode][] = [
      [
        "another key",
        (requested) => embedded(certificates(instance, requested, { key: testKey() })),
        "certificate-mismatch",
      ],
      [
        "another authority's leaf",
        (requested) => embedded(certificates(instance, requested, { issuer: foreign })),
        "certificate-unproven",
      ],
      ["no issuer", (requested) => chainOf(requested, ([leaf]) => [leaf!]), "service-malformed"],
      [
        "the wrong order",
        (requested) => chainOf(requested, ([leaf, a, b]) => [leaf!, b!, a!]),
        "certificate-unproven",
      ],
      [
        "a CA first",
        (requested) => chainOf(requested, (all) => all.slice(1)),
        "certificate-unproven",
      ],
      ["no certificate", (requested) => chainOf(requested, () => []), "service-malformed"],
      [
        "too many",
        (requested) => chainOf(requested, (all) => Array(20).fill(all[0]) as Uint8Array[]),
        "service-malformed",
      ],
      [
        "garbage in PEM",
        (requested) => chainOf(requested, ([, a, b]) => [new Uint8Array(9), a!, b!]),
        "service-malformed",
      ],
      ["nothing", () => ({}), "service-malformed"],
      ["a list", () => [], "service-malformed"],
      [
        "two variants",
        (requested) => ({ ...embedded([]), ...detached(certificates(instance, requested), "") }),
        "service-malformed",
      ],
      [
        "no PEM",
        () => ({ signedCertificateEmbeddedSct: { chain: { certificates: ["x", "y"] } } }),
        "service-malformed",
      ],
    ];
    for (const [name, answer, code] of cases) {
      const server = await fulcio(answer);
      await assert.rejects(ask(server.url), refuses(code), name);
    }
  });
});

describe("an authority", () => {
  test("that refuses is quoted, with its reason and advice, without the token", async () => {
    const status = (body: unknown): TestAnswer => ({ status: 400, body: JSON.stringify(body) });
    const text = "There was an error processing the identity token";
    const metadata = { code: "expired", detail: "it expired", advice: "get a new one" };
    const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", metadata };
    const cases: readonly [TestAnswer, RegExp, RegExp][] = [
      [status({ code: 3, message: text }), /refuses: There was an error.*token$/, /issuer/],
      [status({ message: text, details: [info] }), /token: it expired$/, /^get a new one$/],
      [status({ message: `bad token ${token}` }), /refuses$/, /issuer/],
      [status({ message: `bad ${token.split(".")[2]?.slice(0, 20)}` }), /refuses$/, /issuer/],
      [status({ message: 7, details: "x" }), /refuses$/, /issuer/],
      [{ status: 400, body: "plain words" }, /refuses: plain words$/, /issuer/],
      [{ status: 400, body: "<html>" }, /refuses$/, /issuer/],
      [{ status: 400, body: new Uint8Array([0xff]) }, /refuses$/, /issuer/],
    ];
    for (const [answer, words, hint] of cases) {
      const server = await loopback(() => answer);
      await assert.rejects(ask(server.url), (error: any) => {
        assert.ok(refuses("service-refused")(error));
        assert.match(error.message, words);
        assert.match(error.hint, hint);
        assert.ok(!JSON.stringify([error.message, error.hint, error.stack]).includes(token));
        return true;
      });
      assert.equal(server.requests.length, 1, "a refusal is final");
    }
  });

  test("that is busy is asked again, and not for ever", async () => {
    const first = await loopback((request, count) =>
      count < 3
        ? { status: [503, 429][count - 1] ?? 500 }
        : { body: JSON.stringify(good(JSON.parse(request.body))) },
    );
    assert.ok(await ask(first.url));
    assert.equal(first.requests.length, 3);
    const down = await loopback(inTurn({ status: 500, body: `{"message":"${token}"}` }));
    await assert.rejects(ask(down.url), (error: any) => {
      assert.ok(!error.message.includes(token));
      assert.match(error.message, /answers 500$/);
      return refuses("service-unavailable")(error);
    });
    assert.equal(down.requests.length, 4);
  });

  test("that is down, slow, elsewhere or endless ends in bounded time", async () => {
    await assert.rejects(ask("http://127.0.0.1:1"), refuses("service-unreachable"));
    const slow = await loopback(() => ({ hang: true }));
    const limits = { timeoutMs: 50, attemptsMax: 2 };
    const waited = ask(slow.url, oneTimeSigner(), limits);
    await assert.rejects(waited, refuses("service-unreachable", /no answer within/));
    const gone = await loopback(() => ({
      status: 307,
      headers: { location: "http://169.254.169.254/" },
    }));
    await assert.rejects(ask(gone.url), refuses("service-malformed", /leads to another place/));
    const flood = await loopback(() => ({ flood: 2 << 20 }));
    await assert.rejects(ask(flood.url), refuses("service-malformed", /more than 1048576 bytes/));
    const none = await loopback(() => ({ status: 404 }));
    await assert.rejects(ask(none.url), refuses("service-refused", /answers 404/));
    for (const url of ["fulcio.example.com", "http://u:p@f.example", "http://f.example/?a=b"]) {
      assert.throws(() => openCertificateService(url), refuses("malformed-service-url"));
    }
  });

  test("is chosen from the signing config by its rules", () => {
    const at = (url: string, start: string, majorApiVersion = 1) => {
      const validFor = { start: new Date(start) };
      return { url, majorApiVersion, operator: "o", validFor };
    };
    const config: SigningConfig = {
      mediaType: signingConfigMediaType,
      caUrls: [
        at("https://old.example", "2020-01-01"),
        at("https://new.example", "2024-01-01"),
        at("https://next.example", "2024-06-01", 2),
        at("https://later.example", "2999-01-01"),
      ],
      oidcUrls: [],
      rekorTlogUrls: [],
      tsaUrls: [],
    };
    const now = new Date("2030-01-01");
    assert.equal(selectCertificateService(config, now).url, "https://new.example");
    const none = { ...config, caUrls: [] };
    assert.throws(() => selectCertificateService(none, now), refuses("no-service", /authority/));
    const early = new Date("2000-01-01");
    assert.throws(() => selectCertificateService(config, early), refuses("no-service"));
  });
});
