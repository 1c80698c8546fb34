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
  /** Position in the log's tree, where inclusion was proven. */
  readonly leafIndex?: bigint;
  /**
   * The index that clients look the entry up by; over all shards for Rekor v1. Absent where nobody
   * vouches for it.
   */
  readonly logIndex?: bigint;
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
   * The verdict. Success needs that nothing failed and that each check on which the verdict rests
   * for this kind of signer was made, or left out as the policy allows: evidence in which nothing
   * was checked is a refusal.
   */
  build(): Evidence {
    const order = (name: CheckName): number => checkNames.indexOf(name);
    const checks = this.#checks.toSorted((a, b) => order(a.name) - order(b.name));
    if (firstFailure(checks) === undefined) checks.push(...this.#missing());
    const failure = firstFailure(checks);
    return {
      verdict: failure === undefined ? "verified" : "refused",
      ...(failure?.code === undefined ? {} : { reason: failure.code }),
      checks,
      ...(this.signer === undefined ? {} : { signer: this.signer }),
      times: this.times,
      logEntries: this.logEntries,
      ...(this.statement && this.passed("signature") ? { statement: this.statement } : {}),
    };
  }

  #missing(): Check[] {
    const needs = { ...neededOfAll, ...neededOf[this.signer?.kind ?? "certificate"] };
    return Object.entries(needs).flatMap(([key, allowed]) => {
      const name = key as CheckName;
      const made = this.#checks.some(
        (item) =>
          item.name === name &&
          (item.status === "passed" || allowed.includes(item.code as ReasonCode)),
      );
      const message = `the check ${name} was not made`;
      return made ? [] : [check(name, "failed", "check-missing", message, undefined, undefined)];
    });
  }
}

type Needs = Readonly<Partial<Record<CheckName, readonly ReasonCode[]>>>;

/** What must have passed, or been skipped for one of these reasons. */
const neededOfAll: Needs = {
  bundle: [],
  signer: [],
  "log-threshold": ["not-required"],
  artifact: ["not-required", "artifact-digest-unavailable"],
  signature: [],
};
const neededOf: Readonly<Record<Signer["kind"], Needs>> = {
  key: { identity: ["not-applicable"] },
  certificate: {
    "trusted-root": [],
    certificate: [],
    sct: ["not-required"],
    identity: [],
  },
};

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
