// SPDX-License-Identifier: Apache-2.0
// Certificates of an authority and its log: each for a key and proof of its own, with a token that
// is verified, logged durably, with an SCT that is verified before the certificate leaves. Beside
// them what the signatures alone cost, on all cores.
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { utf8Bytes } from "@chancery/formats/bytes";
import { algorithmByName, encodePublicKeyPem } from "@chancery/formats/crypto";
import { generatePrivateKey, messageSigner } from "@chancery/formats/crypto/node";
import { openLog } from "@chancery/log";
import { AcceptedRoots, CtLog } from "../packages/server/src/ct/index.ts";
import { FulcioMetrics, SigningService } from "../packages/server/src/fulcio/api/index.ts";
import {
  authorityAlgorithm,
  defaultSigningAlgorithms,
  makeAuthorityChain,
  openAuthority,
  readConfig,
  TokenVerifier,
} from "../packages/server/src/fulcio/index.ts";
import { ServerMetrics } from "../packages/server/src/http/index.ts";
import { type Bench, type Figure, moreIsBetter, round } from "./bench.ts";
import { onServer, type Rate, rateOf } from "./log-http.ts";
import { startOurs } from "./log-server.ts";
import { measure, summary } from "./measure.ts";

const rounds = 3;
const perRound = 4000;
const connections = 64;
const email = "a@example.com";
const lifetimeSeconds = 3600;

/** Rate in process, and from a client's side. */
export const certificatesBench: Bench = {
  name: "certificates",
  what:
    "certificates with SCT: an RS256 token, a P-256 key and proof each, logged durably, SCT " +
    "verified; wall time",
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
    const issuer = await startIssuer();
    try {
      const inProcess = await measureService(folder, issuer);
      const overHttp = await measureServer(folder, issuer);
      return figures(inProcess, overHttp);
    } finally {
      issuer.server.close();
      rmSync(folder, { recursive: true });
    }
  },
};

interface Issuer {
  readonly server: Server;
  /** Fulcio's configuration that believes it. */
  readonly config: object;
  /** One token for all: a verifier remembers none. */
  readonly token: string;
}

/** An issuer of tokens on loopback. */
async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" };
  const server = createServer((request, response) => {
    const isKeys = request.url === "/keys";
    response.end(
      JSON.stringify(isKeys ? { keys: [key] } : { issuer: url, jwks_uri: `${url}/keys` }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + lifetimeSeconds;
  const claims = { iss: url, sub: "1", aud: "sigstore", exp, email, email_verified: true };
  const signed = `${part({ alg: "RS256", kid: "1" })}.${part(claims)}`;
  const token = `${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`;
  const config = { "oidc-issuers": { [url]: { "client-id": "sigstore", type: "email" } } };
  return { server, config, token };
}

/** Without HTTP: service and log in this process. @returns certificates a second, by rounds */
async function measureService(folder: string, issuer: Issuer): Promise<readonly number[]> {
  const logKey = newKey();
  const origin = "bench.example/ct";
  const log = await openLog({ folder: join(folder, "ct"), origin, format: "ct", signer: logKey });
  try {
    const signer = messageSigner(newKey());
    const chain = await makeAuthorityChain(signer.publicKey, "bench", new Date());
    const roots = new AcceptedRoots();
    roots.set("bench", chain.slice(-1));
    const ct = new CtLog({ log, signer: messageSigner(logKey), origin, roots });
    const config = readConfig(issuer.config, "bench");
    const service = new SigningService({
      authorities: { current: openAuthority(chain, signer), earlier: [] },
      tokens: new TokenVerifier({ config: () => config }),
      config: () => config,
      log: { publicKey: ct.publicKey, submit: async (all) => ct.submit(all, "precertificate") },
      logTimeoutMs: 20_000,
      algorithms: defaultSigningAlgorithms,
      policy: { lifetimeSeconds: 600, backdateSeconds: 0, certificateRequests: "named" },
      metrics: new FulcioMetrics(new ServerMetrics("bench")),
      now: Date.now,
    });
    const rates: number[] = [];
    for (let turn = 0; turn <= rounds; turn++) {
      const requests = Array.from({ length: perRound }, () => requestOf(issuer.token));
      const start = performance.now();
      await Promise.all(
        Array.from({ length: connections }, async () => {
          for (let next = requests.pop(); next; next = requests.pop()) await service.issue(next);
        }),
      );
      // The first warms up.
      if (turn > 0) rates.push((1000 * perRound) / (performance.now() - start));
    }
    return rates;
  } finally {
    await log.close();
  }
}

function requestOf(token: string): Parameters<SigningService["issue"]>[0] {
  const key = newKey();
  const proof = key.sign({ kind: "ecdsa", hash: "sha256" }, utf8Bytes(email));
  return { token, key: { publicKey: utf8Bytes(encodePublicKeyPem(key.publicKey)), proof } };
}

function newKey(): ReturnType<typeof generatePrivateKey> {
  return generatePrivateKey(algorithmByName(authorityAlgorithm));
}

/** `chancery up` with both services, and the generator on the same cores. */
async function measureServer(
  folder: string,
  { config, token }: Issuer,
): Promise<Rate & { readonly idleMs: number }> {
  const data = join(folder, "chancery");
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(join(data, "fulcio.json"), JSON.stringify(config));
  const settings = { only: ["ct", "fulcio"], fulcio: { config: "fulcio.json" } };
  // JSON is YAML.
  writeFileSync(join(data, "chancery.yaml"), JSON.stringify(settings));
  return onServer(
    async () => startOurs(folder),
    async (load) => {
      const order = { api: "certificates", identity: { email, token }, connections } as const;
      await load({ ...order, count: perRound });
      const idle = await load({ ...order, count: 100, perSecond: 10 });
      const results = [];
      for (let turn = 0; turn < rounds; turn++) {
        results.push(await load({ ...order, count: perRound }));
      }
      return { ...rateOf(results), idleMs: idle.waitsMs.p50 };
    },
  );
}

/** CPU time of the signatures of one certificate: each made or verified by OpenSSL alone. */
function signaturesUs(): number {
  const [ec, rsa] = [
    generateKeyPairSync("ec", { namedCurve: "P-256" }),
    generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ];
  const message = Buffer.alloc(700, 7);
  const [bySelf, byRsa] = [ec, rsa].map(({ privateKey }) => sign("sha256", message, privateKey));
  const { signing, verifying, token } = measure({
    signing: () => void sign("sha256", message, ec.privateKey),
    verifying: () => void verify("sha256", message, ec.publicKey, bySelf as Buffer),
    token: () => void verify("sha256", message, rsa.publicKey, byRsa as Buffer),
  });
  // Precertificate, SCT and certificate are signed; proof and SCT are verified.
  return 3 * signing.best + 2 * verifying.best + token.best;
}

function figures(
  inProcess: readonly number[],
  overHttp: Rate & { readonly idleMs: number },
): Figure[] {
  const cores = availableParallelism();
  const us = signaturesUs();
  const peer = round((cores * 1e6) / us);
  const peer_name = `their signatures alone, ${round(us)} us, on ${cores} cores`;
  const { best, median } = summary(inProcess.map((rate) => -rate));
  const threads = [...overHttp.cpuUsOfThreads]
    .toSorted(([, a], [, b]) => b - a)
    .filter(([, each]) => each >= 1)
    .map(([purpose, each]) => `${purpose} ${Math.round(each)}`);
  return [
    moreIsBetter({
      bench: "certificates-per-s",
      unit: "certificates/s",
      ours: round(overHttp.best),
      median: round(overHttp.median),
      peer,
      peer_name,
      note:
        `over HTTP, ${connections} connections, generator on the same cores; server's CPU ` +
        `${round(overHttp.cpuUs)} us each: ${threads.join(", ")}; at 10/s p50 ` +
        `${round(overHttp.idleMs)} ms`,
    }),
    moreIsBetter({
      bench: "certificates-per-s/in-process",
      unit: "certificates/s",
      ours: round(-best),
      median: round(-median),
      peer,
      peer_name,
      note: `${connections} at a time`,
    }),
  ];
}
