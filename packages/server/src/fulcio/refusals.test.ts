// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { suite, test } from "node:test";
import { encodeBase64 } from "@chancery/formats/bytes";
import { algorithmByFlag } from "@chancery/formats/crypto";
import { derBitString, derNull, derOid, derSequence, derUnsigned } from "@chancery/formats/der";
import { encodePem } from "@chancery/formats/pem";
import { testKey, testSign } from "../../../formats/test/certificate-builder.ts";
import {
  ask,
  clientKey,
  csrPem,
  fulcioWorld,
  isRefused,
  newAuthority,
  post,
  publicKeyPem,
  request,
  withCsr,
  withProof,
} from "../../test/fulcio-world.ts";

const token = "There was an error processing the identity token";
const key = "The public key supplied in the request could not be parsed";
const insecure = "The public key supplied in the request is insecure";
const signature = "The signature supplied in the request could not be verified";

function keyed(content: string, proof: Uint8Array = new Uint8Array(64)): object {
  const proofOfPossession = encodeBase64(proof);
  return { publicKeyRequest: { publicKey: { content }, proofOfPossession } };
}

/** An RSA key of which the public half alone is there. */
function rsaSpki(modulusBits: number, exponent: number): string {
  const modulus = crypto.randomBytes(modulusBits / 8);
  modulus[0] = (modulus[0] as number) | 0x80;
  const numbers = derSequence(derUnsigned(modulus), derUnsigned(Uint8Array.of(...be(exponent))));
  const algorithm = derSequence(derOid("1.2.840.113549.1.1.1"), derNull());
  return encodePem("PUBLIC KEY", derSequence(algorithm, derBitString(numbers)));
}

function be(number: number): number[] {
  return number < 256 ? [number] : [...be(Math.floor(number / 256)), number % 256];
}

function ecSpki(curve: string, point: Uint8Array): string {
  const algorithm = derSequence(derOid("1.2.840.10045.2.1"), derOid(curve));
  return encodePem("PUBLIC KEY", derSequence(algorithm, derBitString(point)));
}

function nodeSpki(namedCurve: string): string {
  const { publicKey } = crypto.generateKeyPairSync("ec", { namedCurve });
  return publicKey.export({ format: "pem", type: "spki" }).toString();
}

suite("a token that is refused", () => {
  for (const [what, claims, reason] of [
    ["expired", { exp: 1_000 }, "TOKEN_EXPIRED"],
    ["for others", { aud: "pypi" }, "TOKEN_WRONG_AUDIENCE"],
    ["of a stranger", { iss: "https://stranger.example" }, "TOKEN_UNKNOWN_ISSUER"],
    ["with an address nobody verified", { email_verified: false }, "TOKEN_EMAIL_UNVERIFIED"],
    ["without an address", { email: undefined }, "TOKEN_EMAIL_MISSING"],
  ] as const) {
    test(`${what} has Fulcio's one text, and a reason beside it`, async (t) => {
      const world = await fulcioWorld(t);
      // Whatever else is wrong is not looked at.
      isRefused(await ask(world, {}, world.token(claims)), { message: token, reason });
    });
  }

  test("is neither shown nor logged", async (t) => {
    const world = await fulcioWorld(t);
    const jwt = world.token({ aud: "pypi" });
    const answer = await ask(world, withProof(), jwt);
    const [, , sig = ""] = jwt.split(".");
    assert.ok(sig.length > 60);
    assert.ok(!answer.text.includes(sig) && !JSON.stringify(world.lines).includes(sig));
  });

  for (const [what, headers] of [
    ["no header", {}],
    ["an empty one", { authorization: "Bearer " }],
  ] as const) {
    test(`where there is ${what}`, async (t) => {
      const world = await fulcioWorld(t);
      const answer = await post(`${world.url}/api/v2/signingCert`, withProof(), headers);
      isRefused(answer, { message: token, reason: "TOKEN_MISSING" });
    });
  }

  test("with its scheme in small letters", async (t) => {
    const world = await fulcioWorld(t);
    const headers = { authorization: `bearer ${world.token()}` };
    const answer = await post(`${world.url}/api/v2/signingCert`, withProof(), headers);
    isRefused(answer, { message: token, reason: "TOKEN_MALFORMED" });
  });
});

suite("a public key that is refused", () => {
  const point = clientKey.publicKey.type === "ec" ? clientKey.publicKey.point : new Uint8Array(65);
  for (const [what, content, message, reason] of [
    ["that is none", "", key, "KEY_MALFORMED"],
    ["that is text", "hello", key, "KEY_MALFORMED"],
    ["that is another PEM", encodePem("CERTIFICATE", derNull()), key, "KEY_MALFORMED"],
    ["cut off", publicKeyPem(clientKey).slice(0, 90), key, "KEY_MALFORMED"],
    ["of null", encodePem("PUBLIC KEY", derNull()), key, "KEY_MALFORMED"],
    ["that is long", publicKeyPem(clientKey).padEnd(17_000), key, "KEY_MALFORMED"],
    ["of RSA with 1024 bits", rsaSpki(1024, 65_537), insecure, "KEY_INSECURE"],
    ["of RSA with 2056 bits", rsaSpki(2056, 65_537), insecure, "KEY_INSECURE"],
    ["of RSA with 8192 bits", rsaSpki(8192, 65_537), insecure, "KEY_INSECURE"],
    ["of RSA with exponent 1", rsaSpki(2048, 1), insecure, "KEY_INSECURE"],
    ["of RSA with exponent 3", rsaSpki(2048, 3), insecure, "KEY_INSECURE"],
    ["of RSA with an even exponent", rsaSpki(2048, 65_538), insecure, "KEY_INSECURE"],
    ["on secp256k1", nodeSpki("secp256k1"), insecure, "KEY_INSECURE"],
    ["on P-224", nodeSpki("secp224r1"), insecure, "KEY_INSECURE"],
    [
      "with a point off its curve",
      ecSpki("1.2.840.10045.3.1.7", point.with(64, (point[64] as number) ^ 1)),
      signature,
      "PROOF_INVALID",
    ],
    [
      "with the point at infinity",
      ecSpki("1.2.840.10045.3.1.7", Uint8Array.of(0)),
      insecure,
      "KEY_INSECURE",
    ],
    [
      "of Ed25519 with a point of small order",
      encodePem(
        "PUBLIC KEY",
        derSequence(derSequence(derOid("1.3.101.112")), derBitString(new Uint8Array(32))),
      ),
      signature,
      "PROOF_INVALID",
    ],
  ] as const) {
    test(what, async (t) => {
      const world = await fulcioWorld(t);
      isRefused(await ask(world, keyed(content)), { message, reason });
    });
  }

  test("where there is neither key nor request", async (t) => {
    const world = await fulcioWorld(t);
    isRefused(await ask(world, {}), { message: key, reason: "KEY_MALFORMED" });
    isRefused(await ask(world, { certificateSigningRequest: "" }), {
      message: key,
      reason: "KEY_MALFORMED",
    });
  });
});

suite("a proof that is refused", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const other = testKey();
  const p384 = testKey("P-384");
  const rsa = testKey("rsa");
  for (const [what, body] of [
    ["over another address", withProof(clientKey, "b@example.com")],
    ["over the subject, where the identity is the address", withProof(clientKey, "user-1")],
    ["by another key", keyed(publicKeyPem(clientKey), testSign(other, bytes("a@example.com")))],
    ["that is empty", keyed(publicKeyPem(clientKey), new Uint8Array(0))],
    ["that is long", keyed(publicKeyPem(clientKey), new Uint8Array(2_000))],
    [
      "with SHA-256 by a key on P-384, as old clients made it",
      keyed(
        publicKeyPem(p384),
        testSign(p384, bytes("a@example.com"), { kind: "ecdsa", hash: "sha256" }),
      ),
    ],
    [
      "with RSA-PSS",
      keyed(
        publicKeyPem(rsa),
        testSign(rsa, bytes("a@example.com"), { kind: "rsa-pss", hash: "sha256" }),
      ),
    ],
  ] as const) {
    test(what, async (t) => {
      const world = await fulcioWorld(t);
      isRefused(await ask(world, body), { message: signature, reason: "PROOF_INVALID" });
    });
  }

  test("by an algorithm that is not allowed, in Go's words", async (t) => {
    const algorithms = [algorithmByFlag("ecdsa-sha2-256-nistp256")];
    const world = await fulcioWorld(t, { algorithms });
    for (const [type, text] of [
      ["P-384", "*ecdsa.PublicKey, SHA-384"],
      ["rsa", "*rsa.PublicKey, SHA-256"],
      ["ed25519", "ed25519.PublicKey, unknown hash value 0"],
    ] as const) {
      const one = testKey(type);
      for (const body of [withProof(one), withCsr(csrPem({ key: one }))]) {
        isRefused(await ask(world, body), {
          message: `signing algorithm not permitted: ${text}`,
          reason: "ALGORITHM_NOT_ALLOWED",
        });
      }
    }
  });
});

suite("requests to a certificate authority that are no requests", () => {
  for (const [what, body, message] of [
    ["text", "hello", "request at character 0: not a value"],
    ["an array", "[]", "the request is no JSON object"],
    ["cut JSON", '{"credentials":', /^request/],
    ["a name twice", '{"credentials":{},"credentials":{}}', /credentials/],
    ["a name in two spellings", { publicKeyRequest: {}, public_key_request: {} }, /set twice/],
    ["a number for bytes", { certificateSigningRequest: 5 }, /is no string/],
    ["a text for a message", { credentials: "x" }, "credentials is no object"],
    ["bytes that are not base64", { certificateSigningRequest: "%%" }, /certificateSigningRequest/],
    [
      "both of a oneof",
      { ...withCsr("x"), ...withProof() },
      "the oneof dev.sigstore.fulcio.v2.key is set twice",
    ],
    ["deep JSON", `{"a":${"[".repeat(100)}${"]".repeat(100)}}`, /more than 64 levels/],
    ["many values", { a: Array(10_001).fill(0) }, /values/],
  ] as const) {
    test(what, async (t) => {
      const world = await fulcioWorld(t);
      isRefused(await ask(world, body), { message, reason: "REQUEST_MALFORMED" });
    });
  }

  test("an empty one is an empty message, without a token", async (t) => {
    const world = await fulcioWorld(t);
    const answer = await post(`${world.url}/api/v2/signingCert`, "");
    isRefused(answer, { message: token, reason: "TOKEN_MISSING" });
  });

  test("a body above 4 MiB, other methods", async (t) => {
    const world = await fulcioWorld(t);
    const url = `${world.url}/api/v2/signingCert`;
    const large = await post(url, "x".repeat((4 << 20) + 1));
    const tooLarge = { code: 3, message: "Request Entity Too Large", details: [] };
    assert.deepEqual([large.status, large.json], [400, tooLarge]);
    const notAllowed = { code: 12, message: "Method Not Allowed", details: [] };
    for (const [path, method] of [
      ["/api/v2/signingCert", "GET"],
      ["/api/v2/signingCert", "DELETE"],
      ["/api/v2/trustBundle", "POST"],
      ["/api/v2/configuration", "PUT"],
      ["/api/v1/signingCert", "GET"],
      ["/api/v1/rootCert", "POST"],
    ] as const) {
      const { status, json } = await request(world.url + path, { method });
      assert.deepEqual([status, json], [501, notAllowed], `${method} ${path}`);
    }
  });
});

suite("an authority that cannot issue", () => {
  const failed = { status: 500, code: 13, message: "error communicating with CA backend" };

  test("as its key is gone says no more to clients", async (t) => {
    const good = await newAuthority();
    const sign = (): Promise<Uint8Array> => Promise.reject(new Error("slot 7 of the token"));
    const current = { ...good, signer: { ...good.signer, sign } };
    const world = await fulcioWorld(t, { authorities: { current, earlier: [] } });
    const answer = await ask(world, withProof());
    isRefused(answer, { ...failed, reason: "CA_FAILED" });
    assert.ok(!answer.text.includes("slot"));
    assert.ok(world.lines.some(({ level, err }) => level === 50 && /slot 7/.test(err.message)));
  });

  test("as it is not valid any more, or not yet", async (t) => {
    for (const year of [2019, 2031]) {
      const current = await newAuthority(new Date(Date.UTC(year, 0, 1)));
      const world = await fulcioWorld(t, { authorities: { current, earlier: [] } });
      assert.match(world.served.problem() ?? "", /the authority is valid from/);
      isRefused(await ask(world, withProof()), { ...failed, reason: "CA_FAILED" });
      assert.ok(world.lines.some(({ err }) => /does not hold 600 s/.test(err?.message ?? "")));
    }
  });

  test("says so before, else nothing", async (t) => {
    const world = await fulcioWorld(t);
    assert.equal(world.served.problem(), undefined);
  });
});
