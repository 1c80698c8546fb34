// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import { type Check, type Evidence, hintFor } from "@chancery/verify";
import type { JsonResult, Paint } from "../framework/index.ts";

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
  const { status, name, about, message, code, values } = check;
  const colour = { passed: paint.green, failed: paint.red, skipped: paint.dim }[status];
  const title = about === undefined ? name : `${name} ${about}`;
  const reason = code === undefined ? "" : ` (${code})`;
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

/** Text from certificates and bundles must not steer the terminal. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
}

/** The evidence as JSON: dates in ISO 8601, bytes in hex, 64-bit integers as strings. */
export function evidenceToJson(evidence: Evidence): JsonResult {
  return toJson(evidence) as JsonResult;
}

function toJson(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return encodeHex(value);
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]));
}
