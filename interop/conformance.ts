// SPDX-License-Identifier: Apache-2.0
// Runs every case of sigstore-conformance through the executable that the suite would drive, by
// path and by digest, and prints a table: `node interop/conformance.ts [name part …]`.
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import {
  byDigest,
  type ConformanceCase,
  conformanceCases,
  publicGoodRoot,
} from "./conformance-cases.ts";
import type { Question } from "./verifiers.ts";

const client = fileURLToPath(new URL("conformance-client", import.meta.url));
const timeoutMs = 60_000;

export interface ConformanceResult {
  readonly name: string;
  readonly by: "path" | "digest";
  readonly mustVerify: boolean;
  readonly passed: boolean;
  readonly words: string;
}

/** Runs the cases, as many at once as there are processors. */
export async function runConformance(cases: ConformanceCase[]): Promise<ConformanceResult[]> {
  const jobs = cases.flatMap((one) => [
    { ...one, by: "path" as const },
    { ...one, by: "digest" as const, question: byDigest(one.question) },
  ]);
  const results: ConformanceResult[] = [];
  const next = jobs.entries();
  const worker = async (): Promise<void> => {
    for (const [index, { name, by, mustVerify, ownRoot, question }] of next) {
      const { status, words } = await ask(question, ownRoot);
      // The suite takes any failure for a refusal. Here only a refusal is one.
      const passed = mustVerify ? status === 0 : status === 1;
      results[index] = { name, by, mustVerify, passed, words };
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

async function ask(
  { bundle, artifact, trustedRoot, signer }: Question,
  ownRoot: boolean,
): Promise<{ status: number; words: string }> {
  const who =
    signer.kind === "key"
      ? ["--key", signer.key]
      : ["--certificate-identity", signer.identity, "--certificate-oidc-issuer", signer.issuer];
  const root = ownRoot ? ["--trusted-root", trustedRoot] : [];
  const args = ["verify-bundle", "--bundle", bundle, ...who, ...root, artifact];
  const env = { ...process.env, CHANCERY_CONFORMANCE_TRUSTED_ROOT: publicGoodRoot() ?? "" };
  return await new Promise((resolve) => {
    execFile(client, args, { env, timeout: timeoutMs }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : 255;
      resolve({ status, words: `${stdout}${stderr}`.trim().split("\n").at(-1) ?? "" });
    });
  });
}

async function main(parts: readonly string[]): Promise<boolean> {
  const cases = conformanceCases().filter(
    ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
  );
  if (cases.length === 0) {
    console.error("no cases: the vectors are not at ../shared/vectors, or no name matches");
    return false;
  }
  const results = await runConformance(cases);
  for (const { name, by, passed, words } of results) {
    console.log(`${passed ? "pass" : "FAIL"}  ${name.padEnd(58)} ${by.padEnd(6)}  ${words}`);
  }
  const passed = results.filter((result) => result.passed).length;
  console.log(`${passed} of ${results.length} pass (${cases.length} cases, by path and by digest)`);
  return passed === results.length;
}

if (import.meta.main && !(await main(process.argv.slice(2)))) process.exitCode = 1;
