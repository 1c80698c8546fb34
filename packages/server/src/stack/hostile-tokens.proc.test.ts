// SPDX-License-Identifier: Apache-2.0
// Every token and key that must not be believed, against one whole stack: status, text and reason.
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { encodeBase64 } from "@chancery/formats/bytes";
import { derBitString, derNull, derOid, derSequence, derUnsigned } from "@chancery/formats/der";
import { encodePem } from "@chancery/formats/pem";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import {
  extension,
  generalName,
  testKey,
  testSign,
} from "../../../formats/test/certificate-builder.ts";
import {
  certificatesOf,
  clientKey,
  csrPem,
  isRefused,
  publicKeyPem,
  withCsr,
  withProof,
} from "../../test/fulcio-world.ts";
import { claimsOf, type HostileWorld, hostileWorld, tokenOf } from "../../test/hostile-world.ts";
import { signInAs } from "../../test/idp/dev-sign-in.ts";
import {
  base64Url,
  publicJwk,
  signToken,
  type TestAnswer,
  tokenKey,
} from "../../test/oidc-issuer.ts";

const tokenText = "There was an error processing the identity token";
const insecure = "The public key supplied in the request is insecure";
const unproven = "The signature supplied in the request could not be verified";
const far = 1e10;

/** The parts of a token with another in the place of one. */
function replaced(token: string, index: 0 | 1 | 2, part: string): string {
  const parts = token.split(".");
  parts[index] = part;
  return parts.join(".");
}

/** `HS256`, with what everybody knows for the secret. */
function hmacToken({ people }: HostileWorld, secret: string): string {
  const header = base64Url(JSON.stringify({ alg: "HS256", kid: people.keys[1]?.kid }));
  const input = `${header}.${base64Url(JSON.stringify(claimsOf(people)))}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

type Case = readonly [what: string, token: (world: HostileWorld) => string, reason: string];

const now = (): number => Math.floor(Date.now() / 1000);
const people =
  (changes: object, header: object = {}) =>
  (world: HostileWorld): string =>
    tokenOf(world.people, changes, header);
/** A payload as it is written, as objects cannot hold a name twice. */
const written =
  (more: string, without: readonly string[] = []) =>
  ({ people: issuer }: HostileWorld): string => {
    const claims = claimsOf(issuer, Object.fromEntries(without.map((name) => [name, undefined])));
    const [key] = issuer.keys;
    assert.ok(key);
    return signToken(key, JSON.stringify(claims).replace("{", `{${more},`));
  };

const times: readonly Case[] = [
  ["expired", people({ exp: now() - 1 }), "TOKEN_EXPIRED"],
  ["that has never been valid", people({ exp: 0 }), "TOKEN_EXPIRED"],
  ["without an end", people({ exp: undefined }), "TOKEN_CLAIM_MISSING"],
  ["whose end is a text", people({ exp: String(far) }), "TOKEN_CLAIM_INVALID"],
  ["not yet valid", people({ nbf: now() + 600 }), "TOKEN_NOT_YET_VALID"],
  ["whose begin is a text", people({ nbf: "0" }), "TOKEN_CLAIM_INVALID"],
];

const audiences: readonly Case[] = [
  ["for others", people({ aud: "pypi" }), "TOKEN_WRONG_AUDIENCE"],
  ["for several others", people({ aud: ["pypi", "npm"] }), "TOKEN_WRONG_AUDIENCE"],
  ["for whoever begins so", people({ aud: "sigstore.example" }), "TOKEN_WRONG_AUDIENCE"],
  ["for us in other letters", people({ aud: "Sigstore" }), "TOKEN_WRONG_AUDIENCE"],
  ["for nobody", people({ aud: [] }), "TOKEN_CLAIM_MISSING"],
  ["for an object", people({ aud: { sigstore: true } }), "TOKEN_CLAIM_INVALID"],
  ["for very many", people({ aud: Array(65).fill("sigstore") }), "TOKEN_CLAIM_INVALID"],
];

const issuers: readonly Case[] = [
  ["of a stranger", people({ iss: "https://stranger.example" }), "TOKEN_UNKNOWN_ISSUER"],
  ["of nobody", people({ iss: undefined }), "TOKEN_CLAIM_MISSING"],
  [
    "of an issuer with a slash more",
    (w) => tokenOf(w.people, { iss: `${w.people.url}/` }),
    "TOKEN_UNKNOWN_ISSUER",
  ],
  [
    "of an issuer with a user before its host",
    (w) => tokenOf(w.people, { iss: w.people.url.replace("//", "//evil@") }),
    "TOKEN_UNKNOWN_ISSUER",
  ],
  [
    "of the stack's own provider, by ES256",
    (w) => tokenOf(w.people, { iss: own(w) }),
    "TOKEN_ALG_NOT_ALLOWED",
  ],
  [
    "of the stack's own provider, by another's key",
    (w) => signToken(tokenKey("RS256"), claimsOf(w.people, { iss: own(w) })),
    "TOKEN_KID_UNKNOWN",
  ],
  [
    "of the stack's own provider, without a key's name",
    (w) => {
      const key = tokenKey("RS256");
      return signToken(key, claimsOf(w.people, { iss: own(w) }), { kid: undefined });
    },
    "TOKEN_BAD_SIGNATURE",
  ],
  ["of an issuer that is down", (w) => tokenOf(w.down), "TOKEN_ISSUER_UNREACHABLE"],
  [
    "of an issuer that a pattern fits, at an internal address",
    (w) => tokenOf(w.patterned, { iss: `${w.patterned.url}/x` }),
    "TOKEN_ISSUER_ADDRESS_REFUSED",
  ],
  [
    "of an issuer that a pattern fits, at the address of clouds' metadata",
    people({ iss: "http://169.254.169.254/latest" }),
    "TOKEN_ISSUER_ADDRESS_REFUSED",
  ],
];

function own({ stack }: HostileWorld): string {
  return `${stack.url}/oidc`;
}

const signatures: readonly Case[] = [
  [
    "of alg none, without a signature",
    (w) => replaced(tokenOf(w.people, {}, { alg: "none" }), 2, ""),
    "TOKEN_MALFORMED",
  ],
  ["of alg none, with one", people({}, { alg: "none" }), "TOKEN_ALG_NOT_ALLOWED"],
  ["of alg NONE", people({}, { alg: "NONE" }), "TOKEN_ALG_NOT_ALLOWED"],
  ["of no alg", people({}, { alg: undefined }), "TOKEN_ALG_NOT_ALLOWED"],
  ["of the alg toString", people({}, { alg: "toString" }), "TOKEN_ALG_NOT_ALLOWED"],
  [
    "of HS256 with the public key in PEM",
    (w) => {
      const pem = w.people.keys[1]?.publicKey.export({ format: "pem", type: "spki" });
      return hmacToken(w, String(pem));
    },
    "TOKEN_ALG_NOT_ALLOWED",
  ],
  [
    "of HS256 with the modulus",
    (w) => {
      const [, key] = w.people.keys;
      assert.ok(key);
      return hmacToken(w, String(publicJwk(key)["n"]));
    },
    "TOKEN_ALG_NOT_ALLOWED",
  ],
  [
    "under the name of the issuer's other key",
    (w) => tokenOf(w.people, {}, { kid: w.people.keys[1]?.kid }),
    "TOKEN_KID_UNKNOWN",
  ],
  [
    "by a stranger under the name of a key",
    (w) => signToken(tokenKey("ES256", w.people.keys[0]?.kid), claimsOf(w.people)),
    "TOKEN_BAD_SIGNATURE",
  ],
  [
    "by another issuer's key under its own name",
    (w) => signToken(w.users.keys[0] ?? tokenKey(), claimsOf(w.people)),
    "TOKEN_KID_UNKNOWN",
  ],
  ["under the name of a file", people({}, { kid: "../../dev/null" }), "TOKEN_KID_UNKNOWN"],
  ["under a number", people({}, { kid: 7 }), "TOKEN_MALFORMED"],
  [
    "with its own key in the header",
    (w) => {
      const key = tokenKey("ES256", w.people.keys[0]?.kid);
      const header = {
        jwk: publicJwk(key),
        jku: "http://127.0.0.1:9/",
        x5u: "http://127.0.0.1:9/",
      };
      return signToken(key, claimsOf(w.people), header);
    },
    "TOKEN_BAD_SIGNATURE",
  ],
  ["with crit", people({}, { crit: ["exp"] }), "TOKEN_UNSUPPORTED_HEADER"],
  [
    "changed after it was signed",
    (w) => {
      const claims = claimsOf(w.people, { email: "root@example.com" });
      return replaced(tokenOf(w.people), 1, base64Url(JSON.stringify(claims)));
    },
    "TOKEN_BAD_SIGNATURE",
  ],
  ["with a line break", (w) => `${tokenOf(w.people)}\\n`, "TOKEN_MALFORMED"],
];

const emails: readonly Case[] = [
  ["not verified", people({ email_verified: false }), "TOKEN_EMAIL_UNVERIFIED"],
  ["not said to be verified", people({ email_verified: undefined }), "TOKEN_EMAIL_UNVERIFIED"],
  ["verified by null", people({ email_verified: null }), "TOKEN_EMAIL_UNVERIFIED"],
  ["verified by 1", people({ email_verified: 1 }), "TOKEN_CLAIM_INVALID"],
  ["verified by TRUE", people({ email_verified: "TRUE" }), "TOKEN_CLAIM_INVALID"],
  ["verified by a list", people({ email_verified: [true] }), "TOKEN_CLAIM_INVALID"],
  ["that is absent", people({ email: undefined }), "TOKEN_EMAIL_MISSING"],
  ["that is a list", people({ email: ["a@example.com"] }), "TOKEN_CLAIM_INVALID"],
  ...(
    [
      "a@example.com\n",
      "a@example.com\0.evil.example",
      "a@example.com,b@example.com",
      "a@example.com b@example.com",
      "<a@example.com>",
      '"a@evil.example"@example.com',
      "a(@)b@example.com",
      "a@ex\u0430mple.com", // a Cyrillic letter
      "a@example.com\u202e",
      "a@xn--e1afmkfd.\u0440\u0444",
      "@example.com",
      "a@",
      "a@[127.0.0.1]",
      "a..b@example.com",
      `${"a".repeat(65)}@example.com`,
      `a@${"b.".repeat(130)}com`,
    ] as const
  ).map((address): Case => [
    JSON.stringify(address),
    people({ email: address }),
    "TOKEN_EMAIL_INVALID",
  ]),
  ["twice", written('"email":"root@example.com"'), "TOKEN_MALFORMED"],
  ["twice, once escaped", written('"\\u0065mail":"root@example.com"'), "TOKEN_MALFORMED"],
  [
    "of a prototype",
    written('"__proto__":{"email":"root@example.com","email_verified":true}', ["email"]),
    "TOKEN_EMAIL_MISSING",
  ],
  [
    "verified by a prototype",
    written('"__proto__":{"email_verified":true}', ["email_verified"]),
    "TOKEN_EMAIL_UNVERIFIED",
  ],
];

const user =
  (changes: object) =>
  ({ users }: HostileWorld): string =>
    tokenOf(users, changes);

const subjects: readonly Case[] = [
  ["that is absent", people({ sub: undefined }), "TOKEN_CLAIM_MISSING"],
  ["that is empty", people({ sub: "" }), "TOKEN_CLAIM_MISSING"],
  ["that is a number", people({ sub: 1 }), "TOKEN_CLAIM_INVALID"],
  ["with a line break", people({ sub: "user-1\nroot" }), "TOKEN_CLAIM_INVALID"],
  ["with a NUL", people({ sub: "user-1\0" }), "TOKEN_CLAIM_INVALID"],
  ["of 2049 characters", people({ sub: "x".repeat(2049) }), "TOKEN_TOO_LARGE"],
  ["that brings its own domain", user({ sub: "root!other.example" }), "TOKEN_SUBJECT_NOT_ALLOWED"],
  ["that passes for an address", user({ sub: "root@example.com" }), "TOKEN_SUBJECT_NOT_ALLOWED"],
  ["that is an object", user({ sub: { name: "root" } }), "TOKEN_CLAIM_INVALID"],
];

const sizes: readonly Case[] = [
  ["of 64 kB and more", people({ more: "x".repeat(64 << 10) }), "TOKEN_TOO_LARGE"],
  ["of very many claims", people({ more: Array(4097).fill(0) }), "TOKEN_MALFORMED"],
  [
    "of claims very deep in each other",
    written(`"more":${"[".repeat(20)}${"]".repeat(20)}`),
    "TOKEN_MALFORMED",
  ],
  ["of an issuer of 4097 characters", people({ iss: "x".repeat(4097) }), "TOKEN_TOO_LARGE"],
];

const groups: readonly (readonly [string, readonly Case[]])[] = [
  ["a token", times],
  ["a token", audiences],
  ["a token", issuers],
  ["a token", signatures],
  ["an address", emails],
  ["a subject", subjects],
  ["a token", sizes],
];

test("a stack gives no certificate for", async (t) => {
  const asked: string[] = [];
  const inside = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end("{}");
  });
  await new Promise<void>((resolve) => inside.listen(0, "127.0.0.1", resolve));
  t.after(() => inside.close());
  const strange = strangeAnswers((inside.address() as AddressInfo).port);
  const world = await hostileWorld(
    t,
    strange.map(([, answer]) => answer),
  );
  for (const [group, cases] of groups) {
    for (const [what, token, reason] of cases) {
      await t.test(`${group} ${what}`, async () => {
        // The body is wrong, too, which nobody learns who has no identity.
        // Headers are limited, so large tokens come in the body.
        const identity = { oidcIdentityToken: token(world) };
        isRefused(await world.ask("", { credentials: identity }), { message: tokenText, reason });
      });
    }
  }

  await t.test("and gives them for those that are right", async () => {
    for (const token of [
      tokenOf(world.people),
      await signInAs(own(world), "a@example.com"),
      signToken(world.people.keys[1] ?? tokenKey(), claimsOf(world.people)),
    ]) {
      assert.equal((await world.ask(token, withProof())).status, 200);
    }
    const named = await world.ask(user({ sub: "user-1" })(world), withProof(clientKey, "user-1"));
    assert.equal(named.status, 200, named.text);
  });

  for (const [i, [what, , reason]] of strange.entries()) {
    await t.test(`a token whose issuer ${what}`, async () => {
      const issuer = world.strange[i];
      assert.ok(issuer);
      const answered = await world.ask(tokenOf(issuer), withProof());
      isRefused(answered, { message: tokenText, reason });
      assert.ok(!answered.text.includes("passwd") && !answered.text.includes("169.254"));
      assert.deepEqual(asked, [], "nobody was asked inside");
    });
  }

  await addKeys(t, world);
  await addRequests(t, world);
  await addGrpc(t, world);
});

/** Issuers that lead to where only this machine may ask. @param port of a server in there. */
function strangeAnswers(port: number): readonly (readonly [string, TestAnswer, string])[] {
  const to =
    (location: string): TestAnswer =>
    (_, response) =>
      response.writeHead(302, { location }).end();
  const named =
    (jwksUrl: string, issuer?: string): TestAnswer =>
    ({ headers: { host } }, response) =>
      response.end(JSON.stringify({ issuer: issuer ?? `http://${host}`, jwks_uri: jwksUrl }));
  const text =
    (body: string): TestAnswer =>
    (_, response) =>
      response.end(body);
  const refused = "TOKEN_ISSUER_ADDRESS_REFUSED";
  const inner = `http://127.0.0.1:${port}/keys`;
  return [
    ["leads to an internal address", to(`http://127.0.0.1:${port}/`), refused],
    ["leads to the metadata of a cloud", to("http://169.254.169.254/latest/meta-data/"), refused],
    ["leads to a file", to("file:///etc/passwd"), refused],
    ["has its keys at an internal address", named(inner), refused],
    ["has its keys at [::1]", named(`http://[::1]:${port}/keys`), refused],
    ["has its keys at 2130706433", named(`http://2130706433:${port}/keys`), refused],
    ["has its keys in a file", named("file:///etc/passwd"), refused],
    ["has its keys behind a password", named(`http://a:b@127.0.0.1:${port}/`), refused],
    ["says that it is another", named(inner, "https://other.example"), "TOKEN_ISSUER_MISMATCH"],
    ["says nothing", text(""), "TOKEN_ISSUER_MALFORMED"],
    ["says very much", text(" ".repeat(600_000)), "TOKEN_ISSUER_MALFORMED"],
  ];
}

/** A public key of RSA that nobody has the other half of. */
function rsaPem(modulusBits: number, exponent: readonly number[]): string {
  const modulus = new Uint8Array(modulusBits / 8).fill(0xc5);
  const numbers = derSequence(derUnsigned(modulus), derUnsigned(Uint8Array.from(exponent)));
  const algorithm = derSequence(derOid("1.2.840.113549.1.1.1"), derNull());
  return encodePem("PUBLIC KEY", derSequence(algorithm, derBitString(numbers)));
}

/** A point on P-256, or what passes for one. */
function pointPem(point: Uint8Array): string {
  const algorithm = derSequence(derOid("1.2.840.10045.2.1"), derOid("1.2.840.10045.3.1.7"));
  return encodePem("PUBLIC KEY", derSequence(algorithm, derBitString(point)));
}

async function addKeys(t: TestContext, { ask, people: issuer }: HostileWorld): Promise<void> {
  assert.ok(clientKey.publicKey.type === "ec");
  const { point } = clientKey.publicKey;
  const secp256k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey;
  for (const [what, content, message, reason] of [
    ["RSA of 1024 bits", rsaPem(1024, [1, 0, 1]), insecure, "KEY_INSECURE"],
    ["RSA of 2047 bits and more", rsaPem(2056, [1, 0, 1]), insecure, "KEY_INSECURE"],
    ["RSA of 16384 bits", rsaPem(16_384, [1, 0, 1]), insecure, "KEY_INSECURE"],
    ["RSA with exponent 1", rsaPem(2048, [1]), insecure, "KEY_INSECURE"],
    ["RSA with exponent 3", rsaPem(2048, [3]), insecure, "KEY_INSECURE"],
    [
      "secp256k1",
      String(secp256k1.export({ format: "pem", type: "spki" })),
      insecure,
      "KEY_INSECURE",
    ],
    [
      "a point off the curve",
      pointPem(point.with(64, (point[64] ?? 0) ^ 1)),
      unproven,
      "PROOF_INVALID",
    ],
    ["the point at infinity", pointPem(Uint8Array.of(0)), insecure, "KEY_INSECURE"],
    ["a point of zeros", pointPem(new Uint8Array(65).with(0, 4)), unproven, "PROOF_INVALID"],
    ["a key that another has", publicKeyPem(testKey()), unproven, "PROOF_INVALID"],
  ] as const) {
    await t.test(`a key: ${what}`, async () => {
      const proof = testSign(clientKey, new TextEncoder().encode("a@example.com"));
      const proofOfPossession = encodeBase64(proof);
      const body = { publicKeyRequest: { publicKey: { content }, proofOfPossession } };
      isRefused(await ask(tokenOf(issuer), body), { message, reason });
    });
  }
  for (const [what, challenge] of [
    ["another address", "b@example.com"],
    ["the subject", "user-1"],
    ["nothing", ""],
  ] as const) {
    await t.test(`a proof over ${what}`, async () => {
      const answer = await ask(tokenOf(issuer), withProof(clientKey, challenge));
      isRefused(answer, { message: unproven, reason: "PROOF_INVALID" });
    });
  }
  await t.test("a proof that was made for another identity's token", async () => {
    const body = withProof();
    assert.equal((await ask(tokenOf(issuer), body)).status, 200);
    const other = tokenOf(issuer, { email: "b@example.com", sub: "user-2" });
    isRefused(await ask(other, body), { message: unproven, reason: "PROOF_INVALID" });
  });
}

async function addRequests(t: TestContext, { ask, people: issuer }: HostileWorld): Promise<void> {
  const forCa = "The certificate signing request asks for a CA certificate";
  const another = "The certificate signing request names another identity than the token";
  const weak = generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 });
  const weakPem = (): string => {
    const { privateKey, publicKey } = weak;
    const key = { ...testKey("rsa"), privateKey };
    const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
    return csrPem({ key: { ...key, publicKey: { ...key.publicKey, spki } } });
  };
  for (const [what, pem, message, reason] of [
    ["CA:TRUE", csrPem({ extensions: [extension.basicConstraints(true)] }), forCa, "CSR_FOR_CA"],
    [
      "keyCertSign",
      csrPem({ extensions: [extension.keyUsage(["keyCertSign"])] }),
      forCa,
      "CSR_FOR_CA",
    ],
    [
      "another's address",
      csrPem({ extensions: [extension.subjectAltName([email("b@example.com")])] }),
      another,
      "CSR_NAMES_ANOTHER",
    ],
    [
      "a signature of another key",
      csrPem({ sign: (info) => testSign(testKey(), info) }),
      unproven,
      "PROOF_INVALID",
    ],
    ["RSA with exponent 3", weakPem(), insecure, "KEY_INSECURE"],
  ] as const) {
    await t.test(`a request with ${what}`, async () => {
      isRefused(await ask(tokenOf(issuer), withCsr(pem)), { message, reason });
    });
  }
  await t.test("nor takes over an extension of a request", async () => {
    const foreign = [
      extension.raw("1.2.3.4", true, derNull()),
      extension.fulcio("issuer", "https://accounts.google.com"),
      extension.extendedKeyUsage(["1.3.6.1.5.5.7.3.1"]),
    ];
    const answer = await ask(tokenOf(issuer), withCsr(csrPem({ extensions: foreign })));
    assert.equal(answer.status, 200, answer.text);
    const [leaf] = certificatesOf(answer);
    assert.ok(leaf && !leaf.extensions.has("1.2.3.4"));
    assert.ok(!Buffer.from(leaf.der).includes("accounts.google.com"));
  });
}

const { email } = generalName;

/** The same over gRPC, whose messages have a size, too. */
async function addGrpc(t: TestContext, { stack, people: issuer }: HostileWorld): Promise<void> {
  const port = stack.facts["fulcioGrpcPort"] ?? "";
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
  });
  t.after(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  const call = async (message: Buffer): Promise<ServiceError> =>
    new Promise((resolve, reject) => {
      const path = "/dev.sigstore.fulcio.v2.CA/CreateSigningCertificate";
      client.makeUnaryRequest(path, same, same, message, (error) =>
        error ? resolve(error) : reject(new Error("it was answered")),
      );
    });
  await t.test("a token over gRPC that has expired, with the reason in its details", async () => {
    const token = Buffer.from(tokenOf(issuer, { exp: 1 }));
    const text = field(1, field(1, token));
    const { code, details, metadata } = await call(text);
    assert.deepEqual([code, details], [3, tokenText]);
    assert.match(String(metadata.get("grpc-status-details-bin")[0]), /TOKEN_EXPIRED/);
  });
  await t.test("a message over gRPC that is too large, or none", async () => {
    const { code } = await call(Buffer.alloc((4 << 20) + 1));
    assert.equal(code, 8, "RESOURCE_EXHAUSTED");
    const wrong = await call(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    assert.equal(wrong.code, 3, wrong.message);
    assert.match(String(wrong.metadata.get("grpc-status-details-bin")[0]), /REQUEST_MALFORMED/);
  });
}

/** A field of bytes in protobuf. */
function field(number: number, content: Buffer): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), content]);
}
