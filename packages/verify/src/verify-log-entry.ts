// SPDX-License-Identifier: Apache-2.0
import type { LogEntry } from "@chancery/formats/bundle";
import type { TrustedRoot } from "@chancery/formats/trust";
import { checkLogEntries, describeLogEntry } from "./checks/index.ts";
import { type Check, EvidenceBuilder, firstFailure, type VerifiedLogEntry } from "./evidence.ts";
import type { ReasonCode } from "./reasons.ts";
import { trustMaterial } from "./trust-material.ts";

/** What verifying an entry by itself rests on. */
export interface LogEvidence {
  readonly verdict: "verified" | "refused";
  readonly reason?: ReasonCode;
  readonly checks: readonly Check[];
  /** Present where verified. */
  readonly entry?: VerifiedLogEntry;
}

/**
 * Verifies that a log of the trusted root vouches for an entry: by a proof of inclusion under a
 * checkpoint that it signed, and by its signed promise where there is one.
 *
 * Not checked: what the entry says, and whether the signature in it verifies. For a bundle's
 * entries that is `verify`'s.
 */
export function verifyLogEntry(entry: LogEntry, trustedRoot: TrustedRoot): LogEvidence {
  const evidence = new EvidenceBuilder();
  const trust = trustMaterial(trustedRoot);
  const [checked] = checkLogEntries({ version: "0.3", tlogEntries: [entry] }, trust, evidence);
  // What a bundle must show beside its entries is not looked at here.
  const checks = evidence.build().checks.filter(({ code }) => code !== "check-missing");
  const failure = firstFailure(checks);
  if (!failure && checked?.included) {
    return { verdict: "verified", checks, entry: describeLogEntry(checked) };
  }
  return { verdict: "refused", reason: failure?.code ?? "check-missing", checks };
}
