// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { conformanceCases } from "../interop/conformance-cases.ts";
import { peer } from "../interop/peers.ts";
import type { Question } from "../interop/verifiers.ts";
import { type Bench, type Figure, lessIsBetter, round } from "./bench.ts";
import { type ChildCost, costOf } from "./child.ts";
import { summary } from "./measure.ts";

const rounds = 15;
const warmUpRounds = 2;
const root = fileURLToPath(new URL("..", import.meta.url));
/** What users get. */
export const builtCommand: string = `${root}packages/cli/dist/chancery.js`;

/** The whole process of `verify-blob --offline`, beside cosign's. */
export const commandBench: Bench = {
  name: "command",
  what: "verify-blob --offline from process start to end: wall time, CPU time, memory",
  run: () => {
    needBuild();
    return ["happy-path-v0.3", "rekor2-happy-path"].flatMap(compare);
  },
};

/** Builds the command where it is missing. @throws Error when that fails */
export function needBuild(): void {
  if (existsSync(builtCommand)) return;
  const build = spawnSync(process.execPath, ["scripts/build.ts"], { cwd: root, encoding: "utf8" });
  if (build.status !== 0) throw new Error(`npm run build: ${build.stderr}`);
}

function compare(name: string): Figure[] {
  const found = conformanceCases().find((one) => one.name === name);
  if (found === undefined) throw new Error("the vectors are not at ../shared/vectors");
  const args = argsFor(found.question);
  const peers = peer("cosign");
  const contenders: Record<string, () => ChildCost> = {
    ours: () => costOf(process.execPath, [builtCommand, ...args]),
    // cosign is offline where it has a trusted root and the bundle holds all it needs.
    cosign: () =>
      costOf(
        peers.path,
        args.filter((arg) => arg !== "--offline"),
      ),
    node: () => costOf(process.execPath, ["-e", "0"]),
  };
  const costs: Record<string, ChildCost[]> = { ours: [], cosign: [], node: [] };
  for (let turn = -warmUpRounds; turn < rounds; turn++) {
    for (const [who, measure] of Object.entries(contenders)) {
      const cost = measure();
      if (turn >= 0) costs[who]?.push(cost);
    }
  }
  const peer_name = `cosign ${peers.version}`;
  const of = (who: string, field: "wallMs" | "cpuMs" | "rssBytes"): ReturnType<typeof summary> =>
    summary((costs[who] ?? []).map((cost) => cost[field] / (field === "rssBytes" ? 1 << 20 : 1)));
  const figure = (field: "wallMs" | "cpuMs" | "rssBytes", unit: string): Figure => {
    const [ours, theirs, node] = [of("ours", field), of("cosign", field), of("node", field)];
    return lessIsBetter({
      bench: `command/${name}/${unit}`,
      unit,
      ours: round(ours.best),
      median: round(ours.median),
      peer: round(theirs.best),
      peer_name,
      note: `cosign's median ${round(theirs.median)}; an empty Node script ${round(node.best)}`,
    });
  };
  return [figure("wallMs", "wall-ms"), figure("cpuMs", "cpu-ms"), figure("rssBytes", "MiB")];
}

function argsFor({ bundle, artifact, trustedRoot, signer }: Question): string[] {
  if (signer.kind !== "identity") throw new Error("a case with an identity is needed");
  const who = ["--certificate-identity", signer.identity];
  const issuer = ["--certificate-oidc-issuer", signer.issuer];
  const how = ["--offline", "--bundle", bundle, "--trusted-root", trustedRoot];
  return ["verify-blob", ...how, ...who, ...issuer, artifact];
}
