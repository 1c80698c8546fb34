// SPDX-License-Identifier: Apache-2.0
// An issuer of identity tokens on loopback: real keys, real requests, and any misbehaviour wanted.
import crypto, { type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export type TestAlgorithm = "RS256" | "PS256" | "ES256" | "ES384" | "ES512" | "EdDSA";

/** A key of an issuer. */
export interface TestTokenKey {
  readonly alg: TestAlgorithm;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

let keys = 0;

export function tokenKey(alg: TestAlgorithm = "ES256", kid = `key-${++keys}`): TestTokenKey {
  const curves = { ES256: "P-256", ES384: "P-384", ES512: "P-521" } as const;
  const pair =
    alg === "EdDSA"
      ? crypto.generateKeyPairSync("ed25519")
      : alg === "RS256" || alg === "PS256"
        ? crypto.generateKeyPairSync("rsa", { modulusLength: 2048 })
        : crypto.generateKeyPairSync("ec", { namedCurve: curves[alg] });
  return { alg, kid, ...pair };
}

/** The key as an issuer publishes it. */
export function publicJwk(key: TestTokenKey): Record<string, unknown> {
  const { kid, alg } = key;
  return { ...key.publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
}

export function base64Url(text: string | Uint8Array): string {
  return Buffer.from(text).toString("base64url");
}

/** A token of any header and payload, objects or text, signed as the key's algorithm says. */
export function signToken(key: TestTokenKey, payload: unknown, header: unknown = {}): string {
  const text = (value: unknown): string =>
    typeof value === "string" ? value : JSON.stringify(value);
  const full =
    typeof header === "string" ? header : { alg: key.alg, kid: key.kid, ...(header as object) };
  const input = `${base64Url(text(full))}.${base64Url(text(payload))}`;
  return `${input}.${base64Url(rawSignature(key, input))}`;
}

function rawSignature({ alg, privateKey: key }: TestTokenKey, input: string): Uint8Array {
  const data = Buffer.from(input);
  switch (alg) {
    case "EdDSA":
      return crypto.sign(null, data, key);
    case "RS256":
      return crypto.sign("sha256", data, key);
    case "PS256": {
      const padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
      return crypto.sign("sha256", data, { key, padding, saltLength: 32 });
    }
    default:
      return crypto.sign(`sha${alg.slice(2)}`, data, { key, dsaEncoding: "ieee-p1363" });
  }
}

export type TestAnswer = (request: IncomingMessage, response: ServerResponse) => void;

/** An issuer whose answers can be replaced by path. */
export interface TestIssuer {
  readonly url: string;
  readonly port: number;
  /** What it publishes; may be changed. */
  keys: TestTokenKey[];
  algorithms: string[] | undefined;
  readonly answers: Map<string, TestAnswer>;
  /** Paths, in the order in which they were asked for. */
  readonly requests: string[];
  close(): Promise<void>;
}

export const discoveryPath = "/.well-known/openid-configuration";

/** Starts an issuer that signs with one ES256 key. @param named what it says its URL is */
export async function startIssuer(t: TestContext, named?: string): Promise<TestIssuer> {
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    issuer.requests.push(path);
    (issuer.answers.get(path) ?? notFound)(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = named?.replace("PORT", String(port)) ?? `http://127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  const issuer: TestIssuer = {
    url,
    port,
    keys: [tokenKey()],
    algorithms: ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"],
    answers: new Map([
      [discoveryPath, (_, response) => response.end(JSON.stringify(discovery(issuer)))],
      [
        "/keys",
        (_, response) => response.end(JSON.stringify({ keys: issuer.keys.map(publicJwk) })),
      ],
    ]),
    requests: [],
    close,
  };
  t.after(close);
  return issuer;
}

function discovery({ url, algorithms }: TestIssuer): object {
  return {
    issuer: url,
    jwks_uri: `${url}/keys`,
    ...(algorithms ? { id_token_signing_alg_values_supported: algorithms } : {}),
  };
}

function notFound(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404).end();
}
