// SPDX-License-Identifier: Apache-2.0
// An ordinary client: the library's, with messages written and read by protobufjs.
import assert from "node:assert/strict";
import { suite, test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeCertificatesPem, signerIdentity } from "@chancery/formats/x509";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { loadSync, type ServiceDefinition } from "@grpc/proto-loader";
import { testSign } from "../../../../formats/test/certificate-builder.ts";
import {
  clientKey,
  csrPem,
  type FulcioWorld,
  fulcioWorld,
  newAuthority,
  publicKeyPem,
  type WorldOptions,
} from "../../../test/fulcio-world.ts";

const folder = fileURLToPath(new URL("../../../test/proto/", import.meta.url));
const files = ["fulcio-v2", "fulcio-v1beta", "grpc"].map((name) => `${folder}${name}.proto`);
const definitions = loadSync(files, { keepCase: true, oneofs: true, longs: Number });
const service = (name: string): ServiceDefinition => definitions[name] as ServiceDefinition;
const [v2, v1, health] = [
  "dev.sigstore.fulcio.v2.CA",
  "dev.sigstore.fulcio.v1beta.CA",
  "grpc.health.v1.Health",
].map(service) as [ServiceDefinition, ServiceDefinition, ServiceDefinition];

interface GrpcWorld extends FulcioWorld {
  readonly client: Client;
  /** @throws ServiceError */
  readonly call: (
    of: ServiceDefinition,
    method: string,
    request?: object,
    token?: string | string[],
  ) => Promise<any>;
}

async function world(t: TestContext, options: WorldOptions = {}): Promise<GrpcWorld> {
  const here = await fulcioWorld(t, options);
  const server = await here.served.listenGrpc("127.0.0.1:0");
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  t.after(async () => {
    client.close();
    await server.close();
  });
  const call: GrpcWorld["call"] = async (of, method, request = {}, token = []) => {
    const { path, requestSerialize, responseDeserialize } = of[method] as any;
    const metadata = new Metadata();
    for (const value of [token].flat()) metadata.add("oidcidentitytoken", value);
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        (error, answer) => (error ? reject(error) : resolve(answer)),
      );
    });
  };
  return { ...here, client, call };
}

const proofOf = (text: string): Uint8Array => testSign(clientKey, new TextEncoder().encode(text));
const withProof = {
  public_key_request: {
    public_key: { algorithm: 2, content: publicKeyPem(clientKey) },
    proof_of_possession: proofOf("a@example.com"),
  },
};
const withCsr = { certificate_signing_request: Buffer.from(csrPem()) };

async function refused(call: Promise<unknown>, code: status, message: string): Promise<any> {
  let info: unknown;
  await assert.rejects(call, (error: ServiceError) => {
    assert.equal(error.code, code, error.message);
    assert.equal(error.details, message);
    const [encoded] = error.metadata.get("grpc-status-details-bin");
    if (encoded) {
      const read = (method: string, bytes: unknown): any =>
        (health[method] as any).responseDeserialize(bytes);
      const details = read("Details", encoded);
      assert.equal(details.code, code);
      assert.equal(details.message, message);
      assert.equal(details.details[0].type_url, "type.googleapis.com/google.rpc.ErrorInfo");
      info = read("Info", details.details[0].value);
    }
    return true;
  });
  return info;
}

const { INVALID_ARGUMENT, UNIMPLEMENTED, INTERNAL, UNAVAILABLE } = status;

suite("Fulcio over gRPC", () => {
  for (const [what, key] of [
    ["a proof", withProof],
    ["a certificate request", withCsr],
  ] as const) {
    test(`issues for ${what}, with the token in the message or in the metadata`, async (t) => {
      const { call, token, authority } = await world(t);
      const credentials = { oidc_identity_token: token() };
      for (const answer of [
        await call(v2, "CreateSigningCertificate", { ...key, credentials }, "nonsense"),
        await call(v2, "CreateSigningCertificate", key, token()),
      ]) {
        assert.equal(answer.certificate, "signed_certificate_embedded_sct");
        const pem = answer.signed_certificate_embedded_sct.chain.certificates;
        const [leaf, ...issuers] = decodeCertificatesPem(pem.join("\n"));
        assert.ok(leaf);
        assert.deepEqual(signerIdentity(leaf), { kind: "email", value: "a@example.com" });
        assert.deepEqual(
          issuers.map(({ der }) => der),
          authority.chain.map(({ der }) => der),
        );
      }
    });
  }

  test("issues without a log", async (t) => {
    const { call, token } = await world(t, { log: undefined });
    const answer = await call(v2, "CreateSigningCertificate", withProof, token());
    assert.equal(answer.certificate, "signed_certificate_detached_sct");
    assert.equal(answer.signed_certificate_detached_sct.chain.certificates.length, 3);
  });

  test("issues as in v1", async (t) => {
    const { call, token } = await world(t);
    for (const request of [
      {
        public_key: { algorithm: "ecdsa", content: clientKey.publicKey.spki },
        signed_email_address: proofOf("a@example.com"),
      },
      withCsr,
    ]) {
      const body = await call(v1, "CreateSigningCertificate", request, token());
      assert.equal(body.content_type, "application/pem-certificate-chain");
      assert.equal(decodeCertificatesPem(String(body.data)).length, 3);
    }
  });

  test("tells its chains and issuers", async (t) => {
    const { call, authorities, issuer } = await world(t);
    const old = await newAuthority();
    authorities.earlier = [old.chain];
    const { chains } = await call(v2, "GetTrustBundle");
    const read = chains.map((chain: any) => decodeCertificatesPem(chain.certificates.join("")));
    assert.deepEqual(
      read.flat().map((one: any) => one.der),
      [...authorities.current.chain, ...old.chain].map(({ der }) => der),
    );
    const roots = await call(v1, "GetRootCertificate");
    assert.equal(decodeCertificatesPem(String(roots.data)).length, 4);
    const { issuers } = await call(v2, "GetConfiguration");
    const one = { issuer: "issuer_url", issuer_url: issuer.url, audience: "sigstore" };
    assert.deepEqual(
      issuers.map((written: object) => ({ ...written })),
      [{ ...one, challenge_claim: "email", issuer_type: "email" }],
    );
  });

  test("tells patterns, and what is not checked", async (t) => {
    const { readConfig } = await import("../config/index.ts");
    const entry = { "client-id": "x", type: "email", "skip-email-verification": true };
    const config = () => readConfig({ "meta-issuers": { "https://*.example.com": entry } }, "test");
    const { call } = await world(t, { config });
    const { issuers } = await call(v2, "GetConfiguration");
    assert.equal(issuers[0].wildcard_issuer_url, "https://*.example.com");
    assert.equal(issuers[0].skip_email_verification, true);
  });

  test("is healthy; more of that is not implemented", async (t) => {
    const { call } = await world(t);
    assert.equal((await call(health, "Check", { service: "any" })).status, 1);
    await assert.rejects(call(health, "Watch"), { code: UNIMPLEMENTED });
  });

  test("refuses with a reason in the details of the status", async (t) => {
    const { call, token } = await world(t);
    const ask = async (request: object, ...tokens: string[]): Promise<unknown> =>
      call(v2, "CreateSigningCertificate", request, tokens);
    const noToken = "There was an error processing the identity token";
    assert.equal(
      (await refused(ask(withProof), INVALID_ARGUMENT, noToken)).reason,
      "TOKEN_MISSING",
    );
    const two = ask(withProof, token(), token());
    // HTTP/2 joins them.
    assert.equal((await refused(two, INVALID_ARGUMENT, noToken)).reason, "TOKEN_MALFORMED");
    const info = await refused(ask(withProof, token({ exp: 1 })), INVALID_ARGUMENT, noToken);
    assert.equal(info.reason, "TOKEN_EXPIRED");
    assert.equal(info.domain, "fulcio.chancery");
    assert.equal(info.metadata.claim, "exp");
    assert.match(info.metadata.advice, /get a new token/);
    const noKey = "The public key supplied in the request could not be parsed";
    assert.equal(
      (await refused(ask({}, token()), INVALID_ARGUMENT, noKey)).reason,
      "KEY_MALFORMED",
    );
  });

  test("refuses with what the service lacks", async (t) => {
    const submit = (): Promise<never> => Promise.reject(new Error("disk full"));
    const down = await world(t, { log: { publicKey: clientKey.publicKey, submit } });
    const text = "Error entering certificate in CTL";
    await refused(
      down.call(v2, "CreateSigningCertificate", withProof, down.token()),
      INTERNAL,
      text,
    );
    assert.ok(down.lines.some(({ err }) => err?.message === "disk full"));
    const never = (): Promise<never> => new Promise(() => undefined);
    const slow = await world(t, {
      log: { publicKey: clientKey.publicKey, submit: never },
      logTimeoutMs: 20,
    });
    const call = slow.call(v2, "CreateSigningCertificate", withProof, slow.token());
    await refused(call, UNAVAILABLE, text);
  });

  test("refuses messages that are none, at any length", async (t) => {
    const { client, token } = await world(t);
    const definition = v2["CreateSigningCertificate"] as any;
    const whole: Buffer = definition.requestSerialize({ ...withCsr });
    const metadata = new Metadata();
    metadata.set("oidcidentitytoken", token());
    const send = async (bytes: Buffer): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const same = (value: Buffer): Buffer => value;
        client.makeUnaryRequest(definition.path, same, same, bytes, metadata, (error, answer) =>
          error ? reject(error) : resolve(answer),
        );
      });
    for (const bytes of [
      Buffer.from([0x0a]),
      Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      Buffer.from([0x0b]),
      Buffer.from([0x00, 0x00]),
      Buffer.alloc(20, 0xff),
      Buffer.alloc(10_000, 0x08),
      whole.subarray(0, 40),
    ]) {
      await assert.rejects(send(bytes), { code: INVALID_ARGUMENT });
    }
    assert.ok(await send(whole));
    // Fields nobody knows, of every type, are passed over.
    const unknown = Buffer.from([0x78, 0x96, 0x01, 0x7d, 0, 0, 0, 0, 0x79, ...Array(8).fill(0)]);
    assert.ok(await send(Buffer.concat([unknown, whole])));
  });

  test("takes no message above 4 MiB", async (t) => {
    const { call } = await world(t);
    const certificate_signing_request = Buffer.alloc((4 << 20) + 1);
    const sent = call(v2, "CreateSigningCertificate", { certificate_signing_request });
    await assert.rejects(sent, { code: status.RESOURCE_EXHAUSTED });
  });

  test("counts calls as Fulcio does", async (t) => {
    const { call, metrics, token } = await world(t);
    await call(v2, "CreateSigningCertificate", withProof, token());
    await assert.rejects(call(v2, "CreateSigningCertificate", withProof));
    const text = await metrics.registry.metrics();
    const labels =
      'grpc_type="unary",grpc_service="dev.sigstore.fulcio.v2.CA",' +
      'grpc_method="CreateSigningCertificate"';
    for (const line of [
      `grpc_server_started_total{${labels}} 2`,
      `grpc_server_handled_total{${labels},grpc_code="OK"} 1`,
      `grpc_server_handled_total{${labels},grpc_code="InvalidArgument"} 1`,
      "fulcio_new_certs 1",
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
  });

  test("does not start where somebody else listens", async (t) => {
    const here = await fulcioWorld(t);
    const server = await here.served.listenGrpc("127.0.0.1:0");
    t.after(async () => server.close());
    await assert.rejects(here.served.listenGrpc(`127.0.0.1:${server.port}`), /EADDRINUSE/);
  });
});
