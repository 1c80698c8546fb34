// SPDX-License-Identifier: Apache-2.0
import type { Statement } from "@chancery/formats/statement";
import { hintFor, type ReasonCode } from "./reasons.ts";

/**
 * What a verification looks at, in the order of the evidence: a broken input first, then what would
 * explain most of the failures behind it.
 */
export const checkNames = [
  "bundle",
  "trusted-root",
  "signer",
  "log-promise",
  "log-checkpoint",
  "log-inclusion",
  "log-threshold",
  "timestamp",
  "timestamp-threshold",
  "certificate",
  "sct",
  "artifact",
  "signature",
  "log-content",
  "identity",
] as const;
export type CheckName = (typeof checkNames)[number];

/** One thing that was looked at, and what was seen. */
export interface Check {
  readonly name: CheckName;
  /** Which of several, such as `tlogEntries[0]`. */
  readonly about?: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Absent where the check passed. */
  readonly code?: ReasonCode;
  /** A sentence for people; its wording may change. */
  readonly message: string;
  /** What was compared. */
  readonly values?: Readonly<Record<string, string>>;
}

/** A point in time that somebody other than the signer vouches for. */
export interface VerifiedTime {
  readonly source: "log" | "timestamp-authority";
  readonly time: Date;
  /** Base URL of the log, or URI of the authority. */
  readonly by: string;
}

export interface VerifiedLogEntry {
  readonly log: string;
  readonly logIndex: bigint;
  readonly kind: string;
  readonly integratedTime?: Date;
  /** How the log vouches for it. */
  readonly promise: boolean;
  readonly inclusion: boolean;
}

/** Who signed, as far as it is known. */
export type Signer =
  | {
      readonly kind: "key";
      /** Lower-case hex SHA-256 of the key's SubjectPublicKeyInfo. */
      readonly keySha256: string;
      readonly algorithm?: string;
    }
  | {
      readonly kind: "certificate";
      readonly identity?: string;
      readonly identityKind?: string;
      readonly issuer?: string;
      /** Fulcio's claims by name. */
      readonly claims: Readonly<Record<string, string>>;
      readonly keySha256: string;
      readonly certificateSha256: string;
      readonly notBefore: Date;
      readonly notAfter: Date;
      readonly algorithm?: string;
    };

/** The answer of a verification: the verdict and everything it rests on. */
export interface Evidence {
  readonly verdict: "verified" | "refused";
  /** The first failed check's code; absent where verified. */
  readonly reason?: ReasonCode;
  readonly checks: readonly Check[];
  readonly signer?: Signer;
  readonly times: readonly VerifiedTime[];
  readonly logEntries: readonly VerifiedLogEntry[];
  /** The attestation, only when its signature verified. */
  readonly statement?: Statement;
}

/** A refusal as an exception, for callers that have nothing to do but stop. */
export class VerificationError extends Error {
  override readonly name = "VerificationError";
  readonly code: ReasonCode;
  /** What to do about it. */
  readonly hint: string;
  readonly evidence: Evidence;

  constructor(evidence: Evidence) {
    const check = firstFailure(evidence.checks);
    super(check?.message ?? "refused");
    this.code = evidence.reason ?? "signature-invalid";
    this.hint = hintFor(this.code);
    this.evidence = evidence;
  }
}

/** Hands verified evidence on. @throws VerificationError for any other */
export function assertVerified(evidence: Evidence): Evidence {
  if (evidence.verdict === "verified") return evidence;
  throw new VerificationError(evidence);
}

/** The check that decided a refusal. */
export function firstFailure(checks: readonly Check[]): Check | undefined {
  return checks.find((check) => check.status === "failed");
}

type Details = Readonly<Record<string, string>>;

/** Gathers checks and draws the verdict. */
export class EvidenceBuilder {
  readonly #checks: Check[] = [];
  signer?: Signer;
  statement?: Statement;
  readonly times: VerifiedTime[] = [];
  readonly logEntries: VerifiedLogEntry[] = [];

  pass(name: CheckName, message: string, values?: Details, about?: string): void {
    this.#checks.push(check(name, "passed", undefined, message, values, about));
  }

  fail(
    name: CheckName,
    code: ReasonCode,
    message: string,
    values?: Details,
    about?: string,
  ): undefined {
    this.#checks.push(check(name, "failed", code, message, values, about));
    return undefined;
  }

  skip(name: CheckName, code: ReasonCode, message: string, about?: string): undefined {
    this.#checks.push(check(name, "skipped", code, message, undefined, about));
    return undefined;
  }

  failed(name: CheckName): boolean {
    return this.#checks.some((item) => item.name === name && item.status === "failed");
  }

  passed(name: CheckName): boolean {
    return this.#checks.some((item) => item.name === name && item.status === "passed");
  }

  /**
   * The verdict. Success needs that nothing failed and that the signature, the signer and the
   * artifact (or the caller's explicit word that there is none) were each looked at: evidence in
   * which nothing was checked is a refusal.
   */
  build(): Evidence {
    const order = (name: CheckName): number => checkNames.indexOf(name);
    const checks = this.#checks.toSorted((a, b) => order(a.name) - order(b.name));
    const failure = firstFailure(checks);
    const complete =
      this.passed("bundle") &&
      this.passed("signer") &&
      this.passed("signature") &&
      checks.some((item) => item.name === "artifact") &&
      checks.some((item) => item.name === "identity" && item.status !== "failed");
    const verified = failure === undefined && complete;
    const reason = failure?.code ?? (complete ? undefined : "signature-invalid");
    return {
      verdict: verified ? "verified" : "refused",
      ...(reason === undefined ? {} : { reason }),
      checks,
      ...(this.signer === undefined ? {} : { signer: this.signer }),
      times: this.times,
      logEntries: this.logEntries,
      ...(this.statement && this.passed("signature") ? { statement: this.statement } : {}),
    };
  }
}

function check(
  name: CheckName,
  status: Check["status"],
  code: ReasonCode | undefined,
  message: string,
  values: Details | undefined,
  about: string | undefined,
): Check {
  return {
    name,
    ...(about === undefined ? {} : { about }),
    status,
    ...(code === undefined ? {} : { code }),
    message,
    ...(values === undefined ? {} : { values }),
  };
}
