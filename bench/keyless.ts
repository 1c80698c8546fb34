// SPDX-License-Identifier: Apache-2.0
// Keyless `sign-blob` as a whole process against a stack on this machine, beside cosign against the
// same stack: a key, a certificate, a log entry with its proof, a timestamp, and verifying them.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peer } from "../interop/peers.ts";
import { signInAs } from "../packages/server/test/idp/dev-sign-in.ts";
import { type Bench, type Figure, lessIsBetter, round } from "./bench.ts";
import { type ChildCost, costOf } from "./child.ts";
import { builtCommand, needBuild } from "./command.ts";
import { summary } from "./measure.ts";

const rounds = 15;
const warmUpRounds = 2;
const readyMsMax = 20_000;

export const keylessBench: Bench = {
  name: "keyless",
  what: "sign-blob with an identity, from process start to end, against a stack on this machine",
  run: async () => {
    needBuild();
    const folder = mkdtempSync(join(tmpdir(), "chancery-bench-keyless-"));
    const args = ["up", "--dev", "--data", join(folder, "data"), "--listen", "127.0.0.1:0"];
    const stack = spawn(process.execPath, [builtCommand, ...args], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    try {
      return await figures(folder, await readyAt(stack));
    } finally {
      const ended = new Promise((resolve) => stack.once("close", resolve));
      if (stack.kill("SIGTERM")) await ended;
      rmSync(folder, { recursive: true });
    }
  },
};

async function figures(folder: string, url: string): Promise<Figure[]> {
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("artifact"), "the artifact\n");
  writeFileSync(at("token"), await signInAs(`${url}/oidc`, "bench@example.com"));
  const { path: cosign, version } = peer("cosign");
  const services = ["--signing-config", at("data/signing_config.v0.2.json")];
  const trust = ["--trusted-root", at("data/trusted_root.json")];
  const common = ["--yes", "--identity-token", at("token"), ...services, ...trust];
  const sign = (who: string): string[] => {
    return ["sign-blob", ...common, "--bundle", at(`${who}.json`), at("artifact")];
  };
  const env = { HOME: folder, XDG_CACHE_HOME: at("cache") };
  const contenders: Record<string, () => ChildCost> = {
    ours: () => costOf(process.execPath, [builtCommand, ...sign("ours")], env),
    cosign: () => costOf(cosign, sign("cosign"), env),
    node: () => costOf(process.execPath, ["-e", "0"]),
  };
  const costs: Record<string, ChildCost[]> = { ours: [], cosign: [], node: [] };
  for (let turn = -warmUpRounds; turn < rounds; turn++) {
    for (const [who, measure] of Object.entries(contenders)) {
      const cost = measure();
      if (turn >= 0) costs[who]?.push(cost);
    }
  }
  const of = (who: string, field: "wallMs" | "cpuMs"): ReturnType<typeof summary> =>
    summary((costs[who] ?? []).map((cost) => cost[field]));
  return (["wallMs", "cpuMs"] as const).map((field) => {
    const [ours, theirs, node] = [of("ours", field), of("cosign", field), of("node", field)];
    const unit = field === "wallMs" ? "wall-ms" : "cpu-ms";
    return lessIsBetter({
      bench: `keyless/sign-blob/${unit}`,
      unit,
      ours: round(ours.best),
      median: round(ours.median),
      peer: round(theirs.best),
      peer_name: `cosign ${version}`,
      note: `cosign's median ${round(theirs.median)}; an empty Node script ${round(node.best)}${
        field === "wallMs" ? "; budget 300" : ""
      }`,
    });
  });
}

/** The URL of the stack. @throws Error with what it said instead */
async function readyAt(stack: ChildProcess): Promise<string> {
  let said = "";
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`not ready: ${said}`)), readyMsMax);
  stack.once("exit", () => reject(new Error(`chancery up ended: ${said}`)));
  stack.stderr?.on("data", (chunk: Uint8Array) => {
    said += Buffer.from(chunk).toString();
    const url = /^Ready at (\S+);/m.exec(said)?.[1];
    if (url !== undefined) resolve(url);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
