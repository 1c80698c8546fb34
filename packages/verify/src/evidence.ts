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

/**
 * The checks that a policy may let fail: all but that the bundle can be read, that its key is the
 * policy's, and that this key signed this artifact.
 */
export const failOpenChecks: readonly FailOpenCheck[] = [
  "trusted-root",
  "log-promise",
  "log-checkpoint",
  "log-inclusion",
  "log-threshold",
  "timestamp",
  "timestamp-threshold",
  "certificate",
  "sct",
  "log-content",
  "identity",
];
export type FailOpenCheck = Exclude<CheckName, "bundle" | "signer" | "artifact" | "signature">;

/**
 * The way into enforcing: the checks are made and told, and their failure does not refuse. What the
 * signature rests on is then the policy's key alone.
 */
export interface FailOpen {
  readonly checks: readonly FailOpenCheck[];
  /** Last instant of it, by `now`: after it everything is enforced. Absent: it has no end. */
  readonly until?: Date;
}

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
  /** It failed, and the policy lets that be: the verdict does not rest on it. */
  readonly tolerated?: true;
}

/** Where a policy lets checks fail: kept in the evidence, whether or not any did. */
export interface FailOpenRecord {
  /** False where its time is over: everything was enforced. */
  readonly inForce: boolean;
  readonly until?: Date;
  /** What failed without a refusal. */
  readonly tolerated: readonly CheckName[];
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
  /** Where the policy lets checks fail, and nothing vouches for a certificate, the key alone. */
  readonly signer?: Signer;
  readonly times: readonly VerifiedTime[];
  readonly logEntries: readonly VerifiedLogEntry[];
  /** The attestation, only when its signature verified. */
  readonly statement?: Statement;
  /** Present where the policy has a `failOpen`. */
  readonly failOpen?: FailOpenRecord;
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
  return checks.find((check) => check.status === "failed" && !check.tolerated);
}

type Details = Readonly<Record<string, string>>;

/** Gathers checks and draws the verdict. */
export class EvidenceBuilder {
  readonly #checks: Check[] = [];
  signer?: Signer;
  statement?: Statement;
  /** Whether the signer's key is one that the policy names. */
  pinned = false;
  readonly times: VerifiedTime[] = [];
  readonly logEntries: VerifiedLogEntry[] = [];
  readonly #failOpen: FailOpen | undefined;
  readonly #inForce: boolean;

  /** @param now needed where the policy fails open until some time. */
  constructor(failOpen?: FailOpen, now?: Date) {
    this.#failOpen = failOpen;
    const { until } = failOpen ?? {};
    this.#inForce = failOpen !== undefined && (until === undefined || (now ?? until) <= until);
  }

  /** Whether the policy lets the check fail, now. */
  isOpen(name: CheckName): boolean {
    const open: readonly CheckName[] = this.#failOpen?.checks ?? [];
    return this.#inForce && open.includes(name);
  }

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
    const checks = this.#checks
      .toSorted((a, b) => order(a.name) - order(b.name))
      .map((item) => this.#judged(item));
    const signer = this.#authenticSigner();
    if (firstFailure(checks) === undefined) checks.push(...this.#missing());
    const failure = firstFailure(checks);
    return {
      verdict: failure === undefined ? "verified" : "refused",
      ...(failure?.code === undefined ? {} : { reason: failure.code }),
      checks,
      ...(signer === undefined ? {} : { signer }),
      times: this.times,
      logEntries: this.logEntries,
      ...(this.statement && this.passed("signature") ? { statement: this.statement } : {}),
      ...(this.#failOpen ? { failOpen: this.#record(this.#failOpen, checks) } : {}),
    };
  }

  #judged(item: Check): Check {
    const open = item.status === "failed" && this.isOpen(item.name);
    return open ? { ...item, tolerated: true } : item;
  }

  #record({ until }: FailOpen, checks: readonly Check[]): FailOpenRecord {
    const names = checks.flatMap(({ name, tolerated }) => (tolerated ? [name] : []));
    return {
      inForce: this.#inForce,
      ...(until === undefined ? {} : { until }),
      tolerated: [...new Set(names)],
    };
  }

  /** What an unproven certificate says of its holder is not handed on with a verdict for it. */
  #authenticSigner(): Signer | undefined {
    const { signer } = this;
    if (!this.#inForce || signer?.kind !== "certificate") return signer;
    if (this.passed("certificate") && !this.failed("sct")) return signer;
    const { keySha256, algorithm } = signer;
    return { kind: "key", keySha256, ...(algorithm === undefined ? {} : { algorithm }) };
  }

  #missing(): Check[] {
    const kind = this.signer?.kind ?? "certificate";
    const own = neededOf[kind === "certificate" && this.pinned ? "pinned certificate" : kind];
    return Object.entries({ ...neededOfAll, ...own }).flatMap(([key, allowed]) => {
      const name = key as CheckName;
      if (this.isOpen(name)) return [];
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
const certified: Needs = { "trusted-root": [], certificate: [], sct: ["not-required"] };
const neededOf: Readonly<Record<Signer["kind"] | "pinned certificate", Needs>> = {
  key: { identity: ["not-applicable"] },
  certificate: { ...certified, identity: [] },
  "pinned certificate": { ...certified, identity: ["not-required"] },
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
