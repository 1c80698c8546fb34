// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peer } from "../interop/peers.ts";
import { must } from "../interop/run-peer.ts";
import { type Bench, type Figure, lessIsBetter, moreIsBetter, round } from "./bench.ts";
import { builtCommand, needBuild } from "./command.ts";
import { type ChildCost, costOf } from "./child.ts";

const gibibyte = 1 << 30;
/** cosign holds the whole file in memory, so that it gets a smaller one. */
const peerSizeBytes = gibibyte;
const oursSizeBytes = 5 * gibibyte;
const env = { COSIGN_PASSWORD: "bench" };
const alone = ["--use-signing-config=false", "--tlog-upload=false"];

/** Signing and verifying large files: memory must not grow with them. */
export const fileBench: Bench = {
  name: "file",
  what: "sign-blob and verify-blob of large files (sparse, in the page cache): memory, throughput",
  run: () => {
    needBuild();
    const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
    try {
      return ["p256", "ed25519"].flatMap((kind) => compare(folder, kind));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function compare(folder: string, kind: string): Figure[] {
  const path = (name: string): string => join(folder, name);
  const file = (name: string, sizeBytes: number): string => {
    writeFileSync(path(name), "");
    truncateSync(path(name), sizeBytes);
    return path(name);
  };
  const large = file("large", oursSizeBytes);
  const small = file("small", peerSizeBytes);
  const { path: cosign, version } = peer("cosign");
  const generate = kind === "p256" ? ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["ED25519"];
  const pem = path(`${kind}.pem`);
  must(peer("openssl").path, ["genpkey", "-algorithm", ...generate, "-out", pem]);
  const prefix = ["--output-key-prefix", path(kind)];
  must(cosign, ["import-key-pair", "--key", pem, ...prefix, "--yes"], { env });

  const sign = ["sign-blob", "--key", path(`${kind}.key`), "--yes"];
  const verify = ["verify-blob", "--key", path(`${kind}.pub`), "--insecure-ignore-tlog"];
  const bundle = (who: string): string[] => ["--bundle", path(`${who}.sigstore.json`)];
  const ours = (...args: string[]): ChildCost =>
    costOf(process.execPath, [builtCommand, ...args], env);
  const signed = ours(...sign, ...bundle("ours"), large);
  const theirSigned = costOf(cosign, [...sign, ...alone, ...bundle("cosign"), small], env);
  // cosign verifies none of its own bundles of pure Ed25519, but one of ours.
  ours(...sign, ...bundle("small"), small);
  const verified = ours(...verify, "--offline", ...bundle("ours"), large);
  const theirVerified = costOf(cosign, [...verify, ...bundle("small"), small], env);

  const peer_name = `cosign ${version} with 1 GiB`;
  const rate = (sizeBytes: number, cost: ChildCost): number =>
    round(sizeBytes / (1 << 20) / (cost.cpuMs / 1000));
  const rows = [
    ["sign", signed, theirSigned],
    ["verify", verified, theirVerified],
  ] as const;
  return rows.flatMap(([what, mine, theirs]) => [
    lessIsBetter({
      bench: `file/${kind}/${what}/memory`,
      unit: "MiB",
      ours: round(mine.rssBytes / (1 << 20)),
      peer: round(theirs.rssBytes / (1 << 20)),
      peer_name,
      note: `ours with ${oursSizeBytes / gibibyte} GiB`,
    }),
    moreIsBetter({
      bench: `file/${kind}/${what}/rate`,
      unit: "MiB/cpu-s",
      ours: rate(oursSizeBytes, mine),
      peer: rate(peerSizeBytes, theirs),
      peer_name,
      note: `ours with ${oursSizeBytes / gibibyte} GiB in ${round(mine.wallMs / 1000)} s`,
    }),
  ]);
}
