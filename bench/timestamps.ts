// SPDX-License-Identifier: Apache-2.0
// Timestamps of the authority: each for a digest and nonce of its own, with its certificate. Beside
// them what the one signature of each costs alone, on all cores.
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey, messageSigner, randomBytes } from "@chancery/formats/crypto/node";
import { TimestampAuthority } from "@chancery/formats/tsp";
import { makeTimestampChain } from "../packages/server/src/tsa/index.ts";
import { type Bench, type Figure, moreIsBetter, round } from "./bench.ts";
import { onServer, type Rate, rateOf } from "./log-http.ts";
import { startOurs } from "./log-server.ts";
import { measure, summary } from "./measure.ts";

const rounds = 3;
const perRound = 10_000;
const connections = 64;

/** Rate in process, and from a client's side. */
export const timestampsBench: Bench = {
  name: "timestamps",
  what: "RFC 3161 timestamps by P-256, each with a nonce and its certificate; wall time",
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
    try {
      return figures(await measureAuthority(), await measureServer(folder));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** Without HTTP. @returns timestamps a second, by rounds */
async function measureAuthority(): Promise<readonly number[]> {
  const signer = messageSigner(generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256")));
  const [certificate] = await makeTimestampChain(signer.publicKey, "bench", new Date());
  const authority = new TimestampAuthority({ certificate, signer });
  const rates: number[] = [];
  for (let turn = 0; turn <= rounds; turn++) {
    const digests = Array.from({ length: perRound }, () => randomBytes(32));
    const start = performance.now();
    await Promise.all(
      Array.from({ length: connections }, async () => {
        for (let digest = digests.pop(); digest; digest = digests.pop()) {
          await authority.sign({
            hash: "sha256",
            digest,
            policy: "1.3.6.1.4.1.57264.2",
            serialNumber: BigInt(digests.length + 1),
            genTime: new Date(),
            nonce: BigInt(digests.length + 1),
            certReq: true,
          });
        }
      }),
    );
    // The first warms up.
    if (turn > 0) rates.push((1000 * perRound) / (performance.now() - start));
  }
  return rates;
}

/** `chancery up` with the authority alone, and the generator on the same cores. */
async function measureServer(folder: string): Promise<Rate & { readonly idleMs: number }> {
  const data = join(folder, "chancery");
  mkdirSync(data, { mode: 0o700 });
  // JSON is YAML.
  writeFileSync(join(data, "chancery.yaml"), JSON.stringify({ only: ["tsa"] }));
  return onServer(
    async () => startOurs(folder),
    async (load) => {
      const order = { api: "timestamps", connections } as const;
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

/** CPU time of one signature, made by OpenSSL alone. */
function signatureUs(): number {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const message = Buffer.alloc(200, 7);
  const { signing } = measure({ signing: () => void sign("sha256", message, privateKey) });
  return signing.best;
}

function figures(
  inProcess: readonly number[],
  overHttp: Rate & { readonly idleMs: number },
): Figure[] {
  const cores = availableParallelism();
  const us = signatureUs();
  const beside = {
    unit: "timestamps/s",
    peer: round((cores * 1e6) / us),
    peer_name: `their signatures alone, ${round(us)} us, on ${cores} cores`,
  };
  const { best, median } = summary(inProcess.map((rate) => -rate));
  return [
    moreIsBetter({
      bench: "timestamps-per-s",
      ...beside,
      ours: round(overHttp.best),
      median: round(overHttp.median),
      note:
        `over HTTP, ${connections} connections, generator on the same cores; server's CPU ` +
        `${round(overHttp.cpuUs)} us each; at 10/s p50 ${round(overHttp.idleMs)} ms`,
    }),
    moreIsBetter({
      bench: "timestamps-per-s/in-process",
      ...beside,
      ours: round(-best),
      median: round(-median),
      note: `${connections} at a time`,
    }),
  ];
}
