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
import { CliError, exitCodes, type Invocation } from "../framework/index.ts";
import { evidenceToJson, explain } from "./explain.ts";

/**
 * Prints what a verification found and answers the exit code: the evidence as JSON, or with
 * `--explain` as a list, and the verdict in words on standard error.
 */
export function conclude(
  evidence: Evidence,
  policy: Policy,
  label: string,
  { flags, report }: Pick<Invocation<VerificationFlags>, "flags" | "report">,
): number {
  const text = flags.explain ? explain(evidence, report.paintOut) : "";
  report.result(evidenceToJson(evidence), text);
  if (!flags.explain && report.format === "text" && report.verbose) {
    report.say(explain(evidence, report.paintErr).trimEnd());
  }
  if (evidence.verdict === "verified") {
    report.say("Verified OK");
    return exitCodes.done;
  }
  const failure = firstFailure(evidence.checks);
  const code = evidence.reason ?? "signature-invalid";
  report.error(
    new CliError("refused", code, `${label}: ${failure?.message ?? "refused"} (${code})`, {
      hint: patternHint(failure, policy) ?? hintFor(code),
    }),
  );
  return exitCodes.refused;
}

/** cosign's expressions match anywhere in the text, ours from first to last. */
function patternHint(failure: Check | undefined, policy: Policy): string | undefined {
  if (policy.signer.kind !== "identity") return undefined;
  const { identity, issuer } = policy.signer;
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
