// SPDX-License-Identifier: Apache-2.0
import {
  type Check,
  type Evidence,
  firstFailure,
  hintFor,
  type Policy,
  type StringMatcher,
} from "@chancery/verify";
import type { VerificationFlags } from "../flags/index.ts";
import {
  CliError,
  exitCodes,
  type Invocation,
  printable,
  type Report,
} from "../framework/index.ts";
import { evidenceToJson, explain } from "./explain.ts";

/**
 * Prints what a verification found and answers the exit code: the evidence as JSON, or with
 * `--explain` as a list, and the verdict in words on standard error.
 * @param hint what to do about a refusal, where more is known than its reason
 */
export function conclude(
  evidence: Evidence,
  policy: Policy,
  label: string,
  { flags, report }: Pick<Invocation<VerificationFlags>, "flags" | "report">,
  hint?: string,
): number {
  const text = flags.explain ? explain(evidence, report.paintOut) : "";
  report.result(evidenceToJson(evidence), text);
  if (!flags.explain && report.format === "text" && report.verbose) {
    report.say(explain(evidence, report.paintErr).trimEnd());
  }
  tellFailOpen(evidence, report);
  if (evidence.verdict === "verified") {
    report.say("Verified OK");
    return exitCodes.done;
  }
  const failure = firstFailure(evidence.checks);
  const code = evidence.reason ?? "signature-invalid";
  report.error(
    new CliError("refused", code, `${label}: ${failure?.message ?? "refused"} (${code})`, {
      hint: hint ?? patternHint(failure, policy) ?? hintFor(code),
    }),
  );
  return exitCodes.refused;
}

/** The record that failing open leaves, whether or not anything failed. */
function tellFailOpen({ failOpen, checks }: Evidence, report: Report): void {
  if (!failOpen) return;
  const until = failOpen.until?.toISOString();
  if (!failOpen.inForce) {
    report.warn(`failing open ended at ${until ?? ""}: every check is enforced`);
    return;
  }
  for (const { tolerated, name, message, code } of checks) {
    if (tolerated) report.warn(`not enforced: ${name}: ${printable(message)} (${code ?? ""})`);
  }
  const count = failOpen.tolerated.length;
  const found = count === 0 ? "every check holds" : `${count} checks do not hold`;
  const end = until === undefined ? "it has no end: see --fail-open-until" : `until ${until}`;
  report.warn(`failing open, ${end}; ${found}`);
}

/** cosign's expressions match anywhere in the text, ours from first to last. */
function patternHint(failure: Check | undefined, policy: Policy): string | undefined {
  const { signer } = policy;
  const wanted = signer.kind === "identity" ? signer : signer.identity;
  if (!wanted) return undefined;
  const { identity, issuer } = wanted;
  const values = Object.values(failure?.values ?? {});
  const matchers: Readonly<Record<string, StringMatcher>> = {
    "identity-mismatch": identity,
    "issuer-mismatch": issuer,
  };
  const matcher = matchers[failure?.code ?? ""];
  if (!matcher || !("pattern" in matcher)) return undefined;
  const expression = new RegExp(matcher.pattern, "u");
  return values.some((value) => value !== `/${matcher.pattern}/` && expression.test(value))
    ? "expressions must match the whole text here, unlike in cosign: begin or end it with .*"
    : undefined;
}
