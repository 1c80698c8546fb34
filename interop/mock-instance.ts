// SPDX-License-Identifier: Apache-2.0
// A Sigstore instance on loopback, for peers to sign against: certificate authority, CT log, Rekor
// v1 log and timestamp authority of @sigstore/mock, which keep nothing and check nobody, behind the
// HTTP that each client speaks; a second timestamp authority is OpenSSL. It is no part of ours:
// what comes out of it was made by others.
import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { opensslAuthority } from "./openssl-authority.ts";
import { type KeyPair, type MockHandler, sigstoreJs } from "./sigstore-js.ts";

export interface MockInstance {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly trustedRoot: object;
  /** Where to sign, as `signing_config.v0.2.json`. @param timestamps with an authority for them */
  signingConfig(timestamps: boolean): object;
  /** A token that the certificate authority takes for anybody's. */
  identityToken(subject: string, issuer: string): string;
  close(): void;
}

const bodyBytesMax = 1 << 20;
/** The log calls itself this, whatever port it listens on. */
const logUrl = "https://rekor.interop.example";
const validFor = { start: "2020-01-01T00:00:00Z" };

/** Starts one. @throws Error when a peer is missing */
export async function startMockInstance(): Promise<MockInstance> {
  const { mock } = sigstoreJs();
  const ctLog = await mock.initializeCTLog(newKeys());
  const authority = await mock.initializeCA(newKeys(), ctLog);
  const log = await mock.initializeTLog(logUrl, newKeys());
  const timestamps = await mock.initializeTSA(newKeys());
  const openssl = opensslAuthority();
  const handlers = {
    certificate: mock.fulcioHandler(authority, { subjectClaim: "sub" }),
    entry: mock.rekorHandler(log),
    timestamp: mock.tsaHandler(timestamps),
  };

  /** sigstore-js reads no fractions of a second but of three digits, and its mock writes others. */
  const timestampInMilliseconds: MockHandler["fn"] = async (body) => {
    for (;;) {
      const answered = await handlers.timestamp.fn(body);
      const bytes = Buffer.from(answered.response as Uint8Array);
      if (!/\d{14}\.\d{1,2}Z/.test(bytes.toString("latin1"))) return answered;
    }
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((cause: unknown) => response.writeHead(500).end(String(cause)));
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const type = request.headers["content-type"] ?? "";
    if (request.method !== "POST") response.writeHead(404).end();
    else if (request.url === "/api/v2/signingCert") {
      const asked = certificateRequest(body, request.headers.authorization);
      await reply(response, handlers.certificate, asked, { status: 200 });
    } else if (/^\/api\/v1\/log\/entries\/?$/.test(request.url ?? "")) {
      await reply(response, handlers.entry, canonicalEntry(body), { etag: true });
    } else if (request.url === "/api/v1/timestamp" && type.startsWith("application/json")) {
      await reply(response, { fn: timestampInMilliseconds }, body.toString());
    } else if (request.url === "/api/v1/timestamp") {
      const token = openssl.reply(body);
      response.writeHead(200, { "content-type": "application/timestamp-reply" }).end(token);
    } else response.writeHead(404).end();
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    trustedRoot: {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [logOf(logUrl, log.publicKey)],
      certificateAuthorities: [
        authorityOf("https://fulcio.interop.example", "sigstore", [authority.rootCertificate]),
      ],
      ctlogs: [logOf("https://ct.interop.example", ctLog.publicKey)],
      timestampAuthorities: [
        authorityOf("https://tsa.interop.example", "tsa", [
          timestamps.intCertificate,
          timestamps.rootCertificate,
        ]),
        authorityOf("https://openssl.interop.example", "openssl", openssl.chain),
      ],
    },
    signingConfig: (withTimestamps) => signingConfig(url, withTimestamps),
    identityToken,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function newKeys(): KeyPair {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyBytesMax) throw new Error("request too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function reply(
  response: ServerResponse,
  handler: MockHandler,
  body: string,
  how: { status?: number; etag?: boolean } = {},
): Promise<void> {
  const { statusCode, response: text, contentType } = await handler.fn(body);
  const status = statusCode < 300 ? (how.status ?? statusCode) : statusCode;
  response.statusCode = status;
  response.setHeader("content-type", contentType ?? "text/plain");
  if (how.etag === true && status < 300) {
    const [identifier = ""] = Object.keys(JSON.parse(String(text)) as object);
    response.setHeader("etag", identifier);
    response.setHeader("location", `/api/v1/log/entries/${identifier}`);
  }
  response.end(text);
}

/** The mock reads the token from the body; sigstore-go and sigstore-python send it in a header. */
function certificateRequest(body: Buffer, authorization: string | undefined): string {
  const asked = JSON.parse(body.toString()) as {
    credentials?: object;
    certificateSigningRequest?: string;
  };
  if (asked.certificateSigningRequest !== undefined) {
    asked.certificateSigningRequest = Buffer.from(
      asked.certificateSigningRequest,
      "base64",
    ).toString();
  }
  const oidcIdentityToken = authorization?.replace(/^Bearer /, "");
  return JSON.stringify({ credentials: { oidcIdentityToken }, ...asked });
}

interface ProposedDsse {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: {
    readonly proposedContent?: { readonly envelope: string; readonly verifiers: string[] };
    readonly content?: { readonly envelope: { payload?: string } };
  };
}

/** The mock stores what is proposed; a real log derives what it stores for envelopes. */
function canonicalEntry(body: Buffer): string {
  const proposed = JSON.parse(body.toString()) as ProposedDsse;
  if (proposed.kind === "intoto" && proposed.spec.content !== undefined) {
    delete proposed.spec.content.envelope.payload;
  }
  if (proposed.kind !== "dsse" || proposed.spec.proposedContent === undefined) {
    return JSON.stringify(proposed);
  }
  const { envelope, verifiers } = proposed.spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope) as {
    payload: string;
    signatures: { sig: string }[];
  };
  const spec = {
    envelopeHash: { algorithm: "sha256", value: sha256(envelope) },
    payloadHash: { algorithm: "sha256", value: sha256(Buffer.from(payload, "base64")) },
    signatures: signatures.map(({ sig }, index) => ({
      signature: sig,
      verifier: verifiers[index],
    })),
  };
  return JSON.stringify({ apiVersion: proposed.apiVersion, kind: proposed.kind, spec });
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function logOf(baseUrl: string, publicKey: Buffer): object {
  return {
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: publicKey.toString("base64"),
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      validFor,
    },
    logId: { keyId: createHash("sha256").update(publicKey).digest("base64") },
  };
}

function authorityOf(uri: string, commonName: string, chain: readonly Uint8Array[]): object {
  return {
    subject: { organization: "interop", commonName },
    uri,
    certChain: {
      certificates: chain.map((der) => ({ rawBytes: Buffer.from(der).toString("base64") })),
    },
    validFor,
  };
}

function signingConfig(url: string, timestamps: boolean): object {
  const service = (path: string): object => ({
    url: `${url}${path}`,
    majorApiVersion: 1,
    validFor,
    operator: "interop",
  });
  return {
    mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    caUrls: [service("")],
    oidcUrls: [service("/oidc")],
    rekorTlogUrls: [service("")],
    tsaUrls: timestamps ? [service("/api/v1/timestamp")] : [],
    rekorTlogConfig: { selector: "ANY" },
    tsaConfig: { selector: "ANY" },
  };
}

/** Its signature is noise: nobody in this instance looks at it. */
function identityToken(subject: string, issuer: string): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const header = { alg: "RS256", typ: "JWT", kid: "interop" };
  const claims = {
    iss: issuer,
    sub: subject,
    aud: "sigstore",
    iat: nowSeconds - 60,
    nbf: nowSeconds - 60,
    exp: nowSeconds + 600,
    jti: randomUUID(),
  };
  const parts = [JSON.stringify(header), JSON.stringify(claims), "no signature"];
  return parts.map((part) => Buffer.from(part).toString("base64url")).join(".");
}
