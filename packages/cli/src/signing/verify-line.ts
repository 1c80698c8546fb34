// SPDX-License-Identifier: Apache-2.0
import type { Signer } from "@chancery/sign";
import type { SigningFlags } from "../flags/index.ts";
import type { Invocation, Io } from "../framework/index.ts";
import { shellWord } from "../files/index.ts";
import { exists } from "../verification/index.ts";
import { nameOf } from "./key.ts";
import type { SigningPlan } from "./plan.ts";

/** How the fresh signature is verified: what its maker tells others to type. */
export interface VerifyLine {
  readonly command: string;
  readonly signer: Signer;
  readonly plan: SigningPlan;
  /** Left away where the verifying command finds the bundle itself. */
  readonly bundle?: string | undefined;
  readonly more?: readonly string[];
  readonly file: string;
}

/** Says what to type to verify, after making the public key's file where there is none. */
export async function adviseVerifying(
  line: VerifyLine,
  { flags, io, report }: Pick<Invocation<SigningFlags>, "flags" | "io" | "report">,
): Promise<void> {
  report.say("Verify with:");
  for (const words of await verifyLines(line, flags, io)) {
    report.say(`  ${words.map(shellWord).join(" ")}`);
  }
}

async function verifyLines(line: VerifyLine, flags: SigningFlags, io: Io): Promise<string[][]> {
  const { command, signer, plan, bundle, more = [], file } = line;
  const { logging, timestampServices, trustedRootFile: root } = plan;
  const logged = logging.logs.length > 0;
  const words: string[] = [];
  const before: string[][] = [];
  if (flags.key !== undefined) {
    const publicKey = await publicKeyOf(io, flags.key);
    words.push("--key", publicKey.path);
    const make = ["public-key", "--key", flags.key, "--outfile", publicKey.path];
    if (!publicKey.exists) before.push(["chancery", ...make]);
  } else if (signer.certificate) {
    const { identity, issuer } = await nameOf(signer.certificate);
    words.push("--certificate-identity", identity, "--certificate-oidc-issuer", issuer);
  }
  if (bundle !== undefined) words.push("--bundle", bundle);
  const trusts = logged || timestampServices.length > 0 || signer.certificate !== undefined;
  if (trusts && root !== undefined) words.push("--trusted-root", root);
  words.push(...more, ...levelWords(signer, logged, flags));
  if (timestampServices.length > 0 && !logged) words.push("--use-signed-timestamps");
  if (flags.insecureIgnoreSct) words.push("--insecure-ignore-sct");
  return [...before, ["chancery", command, ...words, file]];
}

function levelWords(signer: Signer, logged: boolean, { key }: SigningFlags): string[] {
  if (!signer.certificate) return ["--level", logged ? "logged" : "keyed"];
  if (!logged) return ["--insecure-ignore-tlog"];
  return ["--level", key === undefined ? "keyless" : "certified"];
}

async function publicKeyOf(io: Io, reference: string): Promise<{ path: string; exists: boolean }> {
  if (reference.includes("://")) return { path: "chancery.pub", exists: false };
  const path = `${reference.replace(/\.(key|pem)$/, "")}.pub`;
  return { path, exists: await exists(io, path) };
}
