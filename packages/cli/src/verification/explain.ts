// SPDX-License-Identifier: Apache-2.0
import { type Check, type Evidence, hintFor } from "@chancery/verify";
import { type JsonResult, type Paint, plainJson, printable } from "../framework/index.ts";

const marks = { passed: "✓", failed: "✗", skipped: "–" } as const;
const indent = "    ";

/** The evidence as a list for people: a line for each check, below it what was compared. */
export function explain(evidence: Evidence, paint: Paint): string {
  const lines = evidence.checks.flatMap((check) => explainCheck(check, paint));
  const signer = explainSigner(evidence);
  const verdict =
    evidence.verdict === "verified"
      ? paint.green("verified")
      : `${paint.red("refused")} (${evidence.reason ?? ""})`;
  return [...lines, ...signer, `verdict: ${verdict}`, ""].join("\n");
}

function explainCheck(check: Check, paint: Paint): string[] {
  const { status, name, about, message, code, values, tolerated } = check;
  const colour = { passed: paint.green, failed: paint.red, skipped: paint.dim }[status];
  const title = about === undefined ? name : `${name} ${about}`;
  const reason = code === undefined ? "" : ` (${code}${tolerated ? ", not enforced" : ""})`;
  const lines = [`${colour(marks[status])} ${paint.bold(title)}: ${printable(message)}${reason}`];
  const width = Math.max(0, ...Object.keys(values ?? {}).map((key) => key.length));
  for (const [key, value] of Object.entries(values ?? {})) {
    if (value !== "") lines.push(`${indent}${key.padEnd(width)}  ${printable(value)}`);
  }
  if (status === "failed" && code !== undefined) lines.push(`${indent}hint: ${hintFor(code)}`);
  return lines;
}

function explainSigner({ signer, times }: Evidence): string[] {
  const lines: string[] = [];
  if (signer?.kind === "key") lines.push(`signer: key with SHA-256 ${signer.keySha256}`);
  if (signer?.kind === "certificate") {
    const { identity, issuer } = signer;
    const vouched = issuer === undefined ? "" : `, vouched for by ${printable(issuer)}`;
    lines.push(`signer: ${printable(identity ?? "unnamed")}${vouched}`);
  }
  for (const { source, time, by } of times) {
    lines.push(`time: ${time.toISOString()} by ${source} ${printable(by)}`);
  }
  return lines;
}

/** The evidence as JSON: dates in ISO 8601, bytes in hex, 64-bit integers as strings. */
export function evidenceToJson(evidence: Evidence): JsonResult {
  return plainJson(evidence);
}
