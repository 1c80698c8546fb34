// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { suite, test } from "node:test";
import { encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { decodeSctList, verifySct } from "@chancery/formats/sct";
import {
  authorityKeyIdentifier,
  type Certificate,
  decodeCertificate,
  embeddedSctList,
  extensionOids,
  fulcioClaims,
  prepareIssuers,
  signerIdentity,
  subjectKeyIdentifier,
  tbsWithoutExtension,
  verifyLeaf,
} from "@chancery/formats/x509";
import { extension, testKey } from "../../../formats/test/certificate-builder.ts";
import {
  type Answer,
  certificatesOf,
  clientKey,
  csrPem,
  type FulcioWorld,
  fulcioWorld,
  newAuthority,
  nowMs,
  post,
  publicKeyPem,
  request,
  withCsr,
  withProof,
} from "../../test/fulcio-world.ts";
import { start } from "../../test/token-world.ts";

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const inBody = (token: string): object => ({ credentials: { oidcIdentityToken: token } });
const hex = (value: Uint8Array | undefined): string => encodeHex(value ?? new Uint8Array(0));

async function ask(world: FulcioWorld, body: object, headers = {}): Promise<Answer> {
  return post(`${world.url}/api/v2/signingCert`, body, headers);
}

/** The leaf of an answer, after everything that any client checks. */
function checkedLeaf({ authority, log }: FulcioWorld, answer: Answer): Certificate {
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.json), ["signedCertificateEmbeddedSct"]);
  const [leaf, ...issuers] = certificatesOf(answer);
  assert.ok(leaf);
  assert.deepEqual(
    issuers.map(({ der }) => hex(der)),
    authority.chain.map(({ der }) => hex(der)),
  );
  for (const pem of answer.json.signedCertificateEmbeddedSct.chain.certificates) {
    assert.match(pem, /^-----BEGIN CERTIFICATE-----\n[^]*\n-----END CERTIFICATE-----$/);
  }
  verifyLeaf(leaf, prepareIssuers(issuers), new Date(nowMs), "code-signing");
  const { scts, unknown } = decodeSctList(embeddedSctList(leaf) ?? new Uint8Array(0));
  assert.equal(scts.length + unknown.length, 1);
  const [sct] = scts;
  assert.ok(sct);
  const tbs = tbsWithoutExtension(leaf, extensionOids.sctList);
  assert.equal(verifySct(sct, authority.issuerKeyHash, tbs, log.publicKey), true);
  return leaf;
}

suite("a certificate", () => {
  test("has Fulcio's profile, field by field", async (t) => {
    const world = await fulcioWorld(t);
    const leaf = checkedLeaf(world, await ask(world, { ...inBody(world.token()), ...withProof() }));
    const [issuing] = world.authority.chain;
    assert.equal(leaf.serialNumber.length, 20);
    assert.deepEqual(leaf.signatureAlgorithm, { kind: "ecdsa", hash: "sha256" });
    assert.equal(hex(leaf.issuer), hex(issuing.subject));
    assert.equal(hex(leaf.subject), "3000");
    assert.equal(leaf.notBefore.getTime(), start);
    assert.equal(leaf.notAfter.getTime(), start + 600_000);
    assert.equal(hex(leaf.publicKey.spki), hex(clientKey.publicKey.spki));
    const iss = world.issuer.url;
    const raw = hex(new TextEncoder().encode(iss));
    const [, list] = [...leaf.extensions].at(-1) ?? [];
    assert.deepEqual(
      [...leaf.extensions].map(([oid, { critical, value }]) => [oid, critical, hex(value)]),
      [
        ["2.5.29.15", true, "03020780"],
        ["2.5.29.37", false, "300a06082b06010505070303"],
        ["2.5.29.14", false, `0414${hex(subjectKeyIdentifier(leaf))}`],
        ["2.5.29.35", false, `30168014${hex(subjectKeyIdentifier(issuing))}`],
        ["2.5.29.17", true, `300f810d${hex(new TextEncoder().encode("a@example.com"))}`],
        ["1.3.6.1.4.1.57264.1.1", false, raw],
        ["1.3.6.1.4.1.57264.1.8", false, `0c${(raw.length / 2).toString(16)}${raw}`],
        ["1.3.6.1.4.1.57264.1.24", false, `0c06${hex(new TextEncoder().encode("user-1"))}`],
        ["1.3.6.1.4.1.11129.2.4.2", false, hex(list?.value)],
      ],
    );
    assert.equal(hex(subjectKeyIdentifier(leaf)), hex(clientKeyIdentifier()));
    const id = authorityKeyIdentifier(leaf)?.keyIdentifier;
    assert.equal(hex(id), hex(subjectKeyIdentifier(issuing)));
    assert.match(
      hex(list?.value),
      new RegExp(`^04..00..00..00${hex(sha256(world.log.publicKey.spki))}`),
    );
  });

  test("is logged as a precertificate, which differs by the poison alone", async (t) => {
    const world = await fulcioWorld(t);
    const leaf = checkedLeaf(world, await ask(world, { ...inBody(world.token()), ...withProof() }));
    const [[precertificate, ...issuers] = []] = world.log.chains;
    assert.ok(precertificate);
    assert.deepEqual(
      issuers.map(hex),
      world.authority.chain.map(({ der }) => hex(der)),
    );
    const read = decodeCertificate(precertificate);
    assert.deepEqual([...read.extensions].at(-1), [
      "1.3.6.1.4.1.11129.2.4.3",
      { critical: true, value: Uint8Array.of(5, 0) },
    ]);
    assert.equal(
      hex(tbsWithoutExtension(read, extensionOids.precertificatePoison)),
      hex(tbsWithoutExtension(leaf, extensionOids.sctList)),
    );
  });

  test("is another one each time", async (t) => {
    const world = await fulcioWorld(t);
    const serials = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const answer = await ask(world, { ...inBody(world.token()), ...withProof() });
      serials.add(hex(checkedLeaf(world, answer).serialNumber));
    }
    assert.equal(serials.size, 5);
  });

  test("lives and begins as its issuer's settings say", async (t) => {
    const issuerSettings = {
      "certificate-lifetime-seconds": 300,
      "certificate-backdate-seconds": 30,
    };
    for (const [world, before, after] of [
      [await fulcioWorld(t, { issuerSettings }), -30, 300],
      [await fulcioWorld(t, { policy: { lifetimeSeconds: 60, backdateSeconds: 5 } }), -5, 60],
    ] as const) {
      const leaf = checkedLeaf(
        world,
        await ask(world, { ...inBody(world.token()), ...withProof() }),
      );
      assert.equal(leaf.notBefore.getTime(), start + 1000 * before);
      assert.equal(leaf.notAfter.getTime(), start + 1000 * after);
    }
  });

  test("does not begin before its authority", async (t) => {
    const current = await newAuthority(new Date(start - 2_000));
    const authorities = { current, earlier: [] };
    const world = await fulcioWorld(t, { authorities, policy: { backdateSeconds: 60 } });
    const answer = await ask(world, { ...inBody(world.token()), ...withProof() });
    assert.equal(certificatesOf(answer)[0]?.notBefore.getTime(), start - 2_000);
  });

  test("holds what a CI provider's token says", async (t) => {
    const world = await fulcioWorld(t, { issuerSettings: { type: "github-workflow" } });
    const sub = "repo:octo/hello:ref:refs/heads/main";
    const claims = {
      sub,
      email: undefined,
      email_verified: undefined,
      job_workflow_ref: "octo/hello/.github/workflows/w.yml@refs/heads/main",
      job_workflow_sha: "a1",
      sha: "b2",
      event_name: "push",
      repository: "octo/hello",
      workflow: "build",
      ref: "refs/heads/main",
      runner_environment: "github-hosted",
      repository_id: "1",
      repository_owner: "octo",
      repository_owner_id: "2",
      workflow_ref: "octo/hello/.github/workflows/w.yml@refs/heads/main",
      workflow_sha: "c3",
      run_id: "7",
      run_attempt: "1",
      repository_visibility: "public",
    };
    const body = { ...inBody(world.token(claims)), ...withProof(clientKey, sub) };
    const leaf = checkedLeaf(world, await ask(world, body));
    const uri = "https://github.com/octo/hello/.github/workflows/w.yml@refs/heads/main";
    assert.deepEqual(signerIdentity(leaf), { kind: "uri", value: uri });
    const { claims: written } = fulcioClaims(leaf);
    assert.equal(written.githubWorkflowName, "build");
    assert.equal(
      written.runInvocationURI,
      "https://github.com/octo/hello/actions/runs/7/attempts/1",
    );
    assert.equal(written.tokenSubject, sub);
  });

  for (const type of ["P-256", "P-384", "P-521", "rsa", "ed25519"] as const) {
    test(`is given for a key of type ${type}, with a proof and with a request`, async (t) => {
      const world = await fulcioWorld(t);
      const key = testKey(type);
      for (const body of [withProof(key), withCsr(csrPem({ key }))]) {
        const leaf = checkedLeaf(world, await ask(world, { ...inBody(world.token()), ...body }));
        assert.equal(hex(leaf.publicKey.spki), hex(key.publicKey.spki));
      }
    });
  }

  test("without a log is detached, with an empty SCT", async (t) => {
    const world = await fulcioWorld(t, { log: undefined });
    const answer = await ask(world, { ...inBody(world.token()), ...withProof() });
    assert.equal(answer.status, 200);
    const [[kind, { signedCertificateTimestamp, chain }] = ["", {}]] = Object.entries<any>(
      answer.json,
    );
    assert.equal(kind, "signedCertificateDetachedSct");
    assert.equal(signedCertificateTimestamp, "");
    assert.equal(chain.certificates.length, 3);
    const [leaf] = certificatesOf(answer);
    assert.equal([...(leaf?.extensions.keys() ?? [])].at(-1), "1.3.6.1.4.1.57264.1.24");
  });
});

/** SHA-1 of the key's bits, not of what is around them (RFC 5280 §4.2.1.2). */
function clientKeyIdentifier(): Uint8Array {
  const { publicKey } = clientKey;
  assert.ok(publicKey.type === "ec");
  return new Uint8Array(crypto.createHash("sha1").update(publicKey.point).digest());
}

suite("requests of clients", () => {
  test("sigstore-go: token in the header, an algorithm that is no name of the enum", async (t) => {
    const world = await fulcioWorld(t);
    const key = testKey("rsa");
    const body = {
      publicKeyRequest: {
        ...(withProof(key) as { publicKeyRequest: object }).publicKeyRequest,
        publicKey: { algorithm: "RSA", content: publicKeyPem(key) },
      },
    };
    checkedLeaf(world, await ask(world, body, bearer(world.token())));
  });

  test("sigstore-js: token in the body", async (t) => {
    const world = await fulcioWorld(t);
    checkedLeaf(world, await ask(world, { ...inBody(world.token()), ...withProof() }));
  });

  test("sigstore-python: a certificate request, PEM asked for, JSON needed", async (t) => {
    const world = await fulcioWorld(t);
    const csr = csrPem({ extensions: [extension.basicConstraints(false)] });
    const headers = { ...bearer(world.token()), accept: "application/pem-certificate-chain" };
    const answer = await ask(world, withCsr(csr), headers);
    assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
    checkedLeaf(world, answer);
  });

  test("names as in the protobuf file, unknown names, either base64 alphabet", async (t) => {
    const world = await fulcioWorld(t);
    const { publicKeyRequest } = withProof() as {
      publicKeyRequest: { publicKey: object; proofOfPossession: string };
    };
    const proof = publicKeyRequest.proofOfPossession;
    const unpadded = proof.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const body = {
      credentials: { oidc_identity_token: world.token(), more: [1] },
      public_key_request: { public_key: publicKeyRequest.publicKey, proof_of_possession: unpadded },
      certificateSigningRequest: null,
      extra: { deep: {} },
    };
    checkedLeaf(world, await ask(world, body));
    const url = `${world.url}/api/v2/signingCert`;
    checkedLeaf(world, await request(url, { method: "POST", body: JSON.stringify(body) }));
  });

  test("the body's token goes before the header's", async (t) => {
    const world = await fulcioWorld(t);
    const body = { ...inBody(world.token()), ...withProof() };
    checkedLeaf(world, await ask(world, body, bearer("nonsense")));
    const other = { ...inBody("nonsense"), ...withProof() };
    assert.equal((await ask(world, other, bearer(world.token()))).status, 400);
    const empty = { ...inBody(""), ...withProof() };
    checkedLeaf(world, await ask(world, empty, bearer(world.token())));
  });

  test("of v1: PEM or DER, 201 and PEM without a line break at the end", async (t) => {
    const world = await fulcioWorld(t);
    const { publicKeyRequest } = withProof() as { publicKeyRequest: { proofOfPossession: string } };
    const base64 = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString("base64");
    for (const body of [
      {
        publicKey: { algorithm: "ecdsa", content: base64(publicKeyPem(clientKey)) },
        signedEmailAddress: publicKeyRequest.proofOfPossession,
      },
      {
        publicKey: { content: base64(clientKey.publicKey.spki) },
        signedEmailAddress: publicKeyRequest.proofOfPossession,
      },
      withCsr(csrPem()),
    ]) {
      const url = `${world.url}/api/v1/signingCert`;
      const answer = await post(url, body, bearer(world.token()));
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.headers.get("content-type"), "application/pem-certificate-chain");
      assert.equal(answer.text.split("-----BEGIN CERTIFICATE-----\n").length, 4);
      assert.match(answer.text, /-----END CERTIFICATE-----$/);
    }
  });
});

suite("what a certificate authority tells", () => {
  test("its chains, and those before", async (t) => {
    const world = await fulcioWorld(t);
    const old = await newAuthority();
    const path = `${world.url}/api/v2/trustBundle`;
    const before = await request(path);
    assert.equal(before.json.chains.length, 1);
    assert.match(before.json.chains[0].certificates[0], /-----END CERTIFICATE-----\n$/);
    world.authorities.earlier = [old.chain];
    const after = await request(path);
    assert.deepEqual(after.json.chains[0], before.json.chains[0]);
    assert.equal(after.json.chains.length, 2);
    const roots = await request(`${world.url}/api/v1/rootCert`);
    assert.equal(roots.status, 200);
    assert.equal(roots.headers.get("content-type"), "application/pem-certificate-chain");
    const flat = after.json.chains.flatMap((chain: any) => chain.certificates);
    assert.equal(roots.text, flat.join("\n"));
  });

  test("whom it believes", async (t) => {
    const world = await fulcioWorld(t);
    const answer = await request(`${world.url}/api/v2/configuration`);
    assert.deepEqual(answer.json, {
      issuers: [
        {
          issuerUrl: world.issuer.url,
          audience: "sigstore",
          challengeClaim: "email",
          spiffeTrustDomain: "",
          issuerType: "email",
          subjectDomain: "",
          skipEmailVerification: false,
        },
      ],
    });
  });

  test("metrics under Fulcio's names", async (t) => {
    const world = await fulcioWorld(t);
    const url = `${world.url}/api/v1/signingCert`;
    await post(url, withCsr(csrPem()), bearer(world.token()));
    await post(url, withCsr(csrPem()));
    const text = await world.metrics.registry.metrics();
    for (const line of [
      "fulcio_new_certs 1",
      'fulcio_api_latency_count{code="201",method="post"} 1',
      'http_requests_total{code="400",method="post"} 1',
      'chancery_certificates_refused{reason="TOKEN_MISSING"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), line);
    }
  });

  test("pages of any origin", async (t) => {
    const world = await fulcioWorld(t);
    const headers = { origin: "https://a.example", "access-control-request-method": "POST" };
    const answer = await request(`${world.url}/api/v2/signingCert`, { method: "OPTIONS", headers });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    const allowed = answer.headers.get("access-control-allow-headers");
    assert.equal(allowed, "Accept, Content-Type, X-Requested-With");
  });
});
