// SPDX-License-Identifier: Apache-2.0
// Issuers with TLS certificates of a private authority, made by OpenSSL.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { publicJwk, signToken, tokenKey } from "../../../test/oidc-issuer.ts";
import { emailClaims, refuses, start } from "../../../test/token-world.ts";
import { readConfig } from "../config/index.ts";
import { type Resolve, TokenVerifier, type TokenVerifierOptions } from "./index.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "no openssl here";
const directory = mkdtempSync(join(tmpdir(), "fulcio-tls-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A self-signed certificate for a host, and its key. */
function certificate(host: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const names = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
  const args = ["req", "-x509", ...curve, ...names, "-days", "2", "-keyout", key, "-out", cert];
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

const signingKey = tokenKey();

/** An issuer over TLS; what it was sent as authorization. */
async function startTlsIssuer(t: TestContext, host: string) {
  const { cert, key } = certificate(host);
  const authorizations: (string | undefined)[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    authorizations.push(request.headers.authorization);
    const discovery = {
      issuer: url,
      jwks_uri: `${url}/keys`,
      id_token_signing_alg_values_supported: ["ES256"],
    };
    const keys = { keys: [publicJwk(signingKey)] };
    response.end(JSON.stringify(request.url === "/keys" ? keys : discovery));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://${host}:${(server.address() as AddressInfo).port}`;
  return { url, cert, authorizations };
}

const resolve: Resolve = (_, callback) => {
  callback(null, [{ address: "127.0.0.1", family: 4 }]);
};

function verifierOf(issuers: object, options: Partial<TokenVerifierOptions> = {}): TokenVerifier {
  const config = readConfig({ "oidc-issuers": issuers }, "test");
  const limits = { backoffMs: 1 };
  return new TokenVerifier({ config: () => config, now: () => start, resolve, limits, ...options });
}

test(
  "an issuer's own certificate authority is trusted for it, and for nobody else",
  { skip },
  async (t) => {
    const issuer = await startTlsIssuer(t, "idp.example.com");
    const other = await startTlsIssuer(t, "other.example.com");
    const email = { "client-id": "sigstore", type: "email" };
    const verifier = verifierOf({
      [issuer.url]: { ...email, "ca-cert": issuer.cert },
      [other.url]: email,
    });
    const good = await verifier.authenticate(signToken(signingKey, emailClaims(issuer.url)));
    assert.equal(good.extensions.issuer, issuer.url);
    const untrusted = /\(DEPTH_ZERO_SELF_SIGNED_CERT\)$/;
    const token = signToken(signingKey, emailClaims(other.url));
    await refuses(verifier, token, "issuer-unreachable", untrusted);
    const wrong = verifierOf({ [other.url]: { ...email, "ca-cert": issuer.cert } });
    await refuses(wrong, token, "issuer-unreachable", untrusted);
  },
);

test("a certificate for another host is none", { skip }, async (t) => {
  const issuer = await startTlsIssuer(t, "idp.example.com");
  const url = issuer.url.replace("idp.", "sso.");
  const settings = { "client-id": "sigstore", type: "email", "ca-cert": issuer.cert };
  const token = signToken(signingKey, emailClaims(url));
  const verifier = verifierOf({ [url]: settings });
  await refuses(verifier, token, "issuer-unreachable", /\(ERR_TLS_CERT_ALTNAME_INVALID\)$/);
});

const podClaims = {
  sub: "system:serviceaccount:default:ci",
  "kubernetes.io": { namespace: "default", serviceaccount: { name: "ci" } },
};
const kubernetes = { "client-id": "sigstore", type: "kubernetes" };
const cluster = { "https://kubernetes.default.svc": kubernetes };

test("in a cluster, its issuer is asked with the pod's own credentials", { skip }, async (t) => {
  const issuer = await startTlsIssuer(t, "kubernetes.default.svc.cluster.local");
  const clusterFiles = { ca: join(directory, "ca.crt"), token: join(directory, "token") };
  writeFileSync(clusterFiles.ca, issuer.cert);
  writeFileSync(clusterFiles.token, "pod-token\n");
  const token = signToken(signingKey, emailClaims(issuer.url, podClaims));
  const inCluster = verifierOf({ ...cluster, [issuer.url]: kubernetes }, { clusterFiles });
  const { san } = await inCluster.authenticate(token);
  assert.equal(san.value, "https://kubernetes.io/namespaces/default/serviceaccounts/ci");
  assert.deepEqual(issuer.authorizations, ["Bearer pod-token", "Bearer pod-token"]);
  // Only where the cluster itself is believed, and only for issuers of that type.
  const alone = verifierOf({ [issuer.url]: kubernetes }, { clusterFiles });
  await refuses(alone, token, "issuer-unreachable");
  const email = { "client-id": "sigstore", type: "email" };
  await refuses(
    verifierOf({ ...cluster, [issuer.url]: email }, { clusterFiles }),
    token,
    "issuer-unreachable",
  );
  const elsewhere = { ca: join(directory, "none"), token: join(directory, "none") };
  const outside = verifierOf({ ...cluster, [issuer.url]: kubernetes }, { clusterFiles: elsewhere });
  await refuses(outside, token, "issuer-unreachable");
  const broken = { ca: join(directory, "broken"), token: directory };
  writeFileSync(broken.ca, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  for (const files of [broken, { ...broken, token: clusterFiles.token }]) {
    const odd = verifierOf({ ...cluster, [issuer.url]: kubernetes }, { clusterFiles: files });
    await refuses(odd, token, "issuer-unreachable");
  }
  assert.equal(issuer.authorizations.length, 2);
});

test("the pod's token is not shown to issuers outside of the cluster", { skip }, async (t) => {
  const issuer = await startTlsIssuer(t, "oidc.example.com");
  const clusterFiles = { ca: join(directory, "ca2.crt"), token: join(directory, "token2") };
  writeFileSync(clusterFiles.ca, issuer.cert);
  writeFileSync(clusterFiles.token, "pod-token");
  const verifier = verifierOf({ ...cluster, [issuer.url]: kubernetes }, { clusterFiles });
  await verifier.authenticate(signToken(signingKey, emailClaims(issuer.url, podClaims)));
  assert.deepEqual(issuer.authorizations, [undefined, undefined]);
});
