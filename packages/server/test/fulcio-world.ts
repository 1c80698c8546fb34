// SPDX-License-Identifier: Apache-2.0
// A certificate authority on loopback: an issuer of tokens, a certificate log, keys and clients.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import type { TestContext } from "node:test";
import { encodeBase64 } from "@chancery/formats/bytes";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey, messageSigner } from "@chancery/formats/crypto/node";
import {
  contextTag,
  der,
  derBitString,
  derInteger,
  derOid,
  derSequence,
  Tag,
} from "@chancery/formats/der";
import { encodePem } from "@chancery/formats/pem";
import { CtLogSigner } from "@chancery/formats/sct";
import {
  type Certificate,
  decodeCertificate,
  decodeCertificatesPem,
  emptyName,
  extensionOids,
  tbsWithoutExtension,
} from "@chancery/formats/x509";
import { pino } from "pino";
import {
  algorithmIdentifier,
  defaultScheme,
  encodeExtensions,
  type TestExtension,
  testKey,
  type TestKey,
  testSign,
} from "../../formats/test/certificate-builder.ts";
import {
  addFulcio,
  authorityAlgorithm,
  type Authority,
  type AuthoritySource,
  type FulcioConfig,
  type FulcioOptions,
  makeAuthorityChain,
  openAuthority,
  readConfig,
  type SctSource,
  type ServedFulcio,
  TokenVerifier,
} from "../src/fulcio/index.ts";
import { createApp, addCors, ServerMetrics } from "../src/http/index.ts";
import { signToken, startIssuer, type TestIssuer } from "./oidc-issuer.ts";
import { emailClaims, start } from "./token-world.ts";

/** Half a second past, so that what is cut is seen. */
export const nowMs: number = start + 500;

export async function newAuthority(now: Date = new Date(start - 3_600_000)): Promise<Authority> {
  const signer = messageSigner(generatePrivateKey(algorithmByName(authorityAlgorithm)));
  return openAuthority(await makeAuthorityChain(signer.publicKey, "test", now), signer);
}

/** A log that takes whatever is a precertificate. */
export function testCtLog(): SctSource & { readonly chains: (readonly Uint8Array[])[] } {
  const signer = new CtLogSigner(
    messageSigner(generatePrivateKey(algorithmByName(authorityAlgorithm))),
  );
  const chains: (readonly Uint8Array[])[] = [];
  return {
    publicKey: signer.publicKey,
    chains,
    async submit(chain) {
      chains.push(chain);
      const [precertificate, issuer] = chain.map((bytes) => decodeCertificate(bytes));
      if (!precertificate || !issuer) throw new Error("a chain has two certificates at least");
      const tbs = tbsWithoutExtension(precertificate, extensionOids.precertificatePoison);
      const spki = issuer.publicKey.spki;
      const issuerKeyHash = new Uint8Array(crypto.createHash("sha256").update(spki).digest());
      const timestamp = { timestampMs: nowMs, extensions: new Uint8Array(0) };
      return signer.signEntry(timestamp, { issuerKeyHash, tbs });
    },
  };
}

export interface FulcioWorld {
  readonly url: string;
  readonly issuer: TestIssuer;
  readonly authority: Authority;
  readonly authorities: { current: Authority; earlier: AuthoritySource["earlier"] };
  readonly log: ReturnType<typeof testCtLog>;
  readonly metrics: ServerMetrics;
  readonly served: ServedFulcio;
  /** Lines of the server's log, parsed. */
  readonly lines: any[];
  /** A token of an e-mail identity, with changed claims. */
  readonly token: (changes?: object) => string;
}

export interface WorldOptions extends Partial<Omit<FulcioOptions, "config">> {
  /** Settings of the issuer beside its URL. */
  readonly issuerSettings?: object;
  readonly config?: (issuerUrl: string) => FulcioConfig;
}

export async function fulcioWorld(
  t: TestContext,
  options: WorldOptions = {},
): Promise<FulcioWorld> {
  const { issuerSettings, config: makeConfig, ...changes } = options;
  const issuer = await startIssuer(t);
  const entry = { "client-id": "sigstore", type: "email", ...issuerSettings };
  const config =
    makeConfig?.(issuer.url) ?? readConfig({ "oidc-issuers": { [issuer.url]: entry } }, "test");
  const authority = await newAuthority();
  const authorities = { current: authority, earlier: [] };
  const log = testCtLog();
  const metrics = new ServerMetrics("test");
  const lines: any[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const app = createApp({ logger, metrics });
  addCors(app);
  const now = (): number => nowMs;
  const served = await addFulcio(app, {
    authorities,
    tokens: new TokenVerifier({ config: () => config, now }),
    config: () => config,
    log,
    metrics,
    logger,
    now,
    ...changes,
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(async () => app.close());
  const token = (claims: object = {}): string => {
    const [key] = issuer.keys;
    if (!key) throw new Error("the issuer has no key");
    return signToken(key, emailClaims(issuer.url, claims));
  };
  return { url, issuer, authority, authorities, log, metrics, served, lines, token };
}

/** An answer, read as JSON where it is some. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: any;
}

export async function request(
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  const { status, headers } = response;
  return { status, headers, text, json: isJson ? JSON.parse(text) : undefined };
}

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const all = { "content-type": "application/json", ...headers };
  return request(url, { method: "POST", headers: all, body: text });
}

export const clientKey: TestKey = testKey();

export function publicKeyPem(key: TestKey): string {
  return encodePem("PUBLIC KEY", key.publicKey.spki);
}

/** `publicKeyRequest` with a proof of possession, over `a@example.com` unless told otherwise. */
export function withProof(key: TestKey = clientKey, challenge = "a@example.com"): object {
  const proof = testSign(key, new TextEncoder().encode(challenge));
  return {
    publicKeyRequest: {
      publicKey: { algorithm: "ECDSA", content: publicKeyPem(key) },
      proofOfPossession: encodeBase64(proof),
    },
  };
}

export interface RequestParts {
  readonly key?: TestKey;
  readonly subject?: Uint8Array;
  readonly extensions?: readonly TestExtension[];
  /** Attributes beside extensionRequest. */
  readonly attributes?: readonly Uint8Array[];
  readonly algorithm?: Uint8Array;
  readonly sign?: (info: Uint8Array) => Uint8Array;
}

export function attribute(type: string, ...values: readonly Uint8Array[]): Uint8Array {
  return derSequence(derOid(type), der(Tag.set, ...values));
}

/** A PKCS #10 request in PEM; as sigstore-python's: empty subject, critical BasicConstraints. */
export function csrPem(parts: RequestParts = {}): string {
  const { key = clientKey, subject = emptyName, extensions = [], attributes = [] } = parts;
  const asked =
    extensions.length > 0 ? [attribute("1.2.840.113549.1.9.14", encodeExtensions(extensions))] : [];
  const set = der(contextTag(0, true), ...asked, ...attributes);
  const info = derSequence(derInteger(0), subject, key.publicKey.spki, set);
  const algorithm = parts.algorithm ?? algorithmIdentifier(defaultScheme(key.type));
  const signature = (parts.sign ?? ((bytes) => testSign(key, bytes)))(info);
  return encodePem("CERTIFICATE REQUEST", derSequence(info, algorithm, derBitString(signature)));
}

/** The body with a certificate request. */
export function withCsr(pem: string): object {
  return { certificateSigningRequest: encodeBase64(new TextEncoder().encode(pem)) };
}

/** The certificates of an answer of v2, leaf first. */
export function certificatesOf(answer: Answer): Certificate[] {
  const { signedCertificateEmbeddedSct: embedded, signedCertificateDetachedSct: detached } =
    answer.json;
  return decodeCertificatesPem((embedded ?? detached).chain.certificates.join("\n"));
}

/** A refusal, as google.rpc.Status in JSON. */
export interface Refused {
  readonly status?: number;
  readonly code?: number;
  readonly message: string | RegExp;
  readonly reason: string;
}

export function isRefused(answer: Answer, expected: Refused): void {
  const { status = 400, code = 3, message, reason } = expected;
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
  assert.deepEqual(Object.keys(answer.json), ["code", "message", "details"]);
  assert.equal(answer.json.code, code);
  if (typeof message === "string") assert.equal(answer.json.message, message);
  else assert.match(answer.json.message, message);
  const [detail, ...others] = answer.json.details;
  assert.deepEqual(others, []);
  assert.equal(detail["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
  assert.equal(detail.reason, reason);
  assert.equal(detail.domain, "fulcio.chancery");
  assert.match(detail.metadata.advice, /^[^A-Z].{10,}[^.]$/);
  assert.equal(answer.headers.get("chancery-reason"), reason);
}

/** Asks v2 for a certificate. */
export async function ask(
  world: FulcioWorld,
  body: unknown,
  jwt: string = world.token(),
): Promise<Answer> {
  return post(`${world.url}/api/v2/signingCert`, body, { authorization: `Bearer ${jwt}` });
}
