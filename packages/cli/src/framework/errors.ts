// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";

/** How the process ends. Part of the contract with scripts. */
export const exitCodes = {
  done: 0,
  /** Looked, and the answer is no: verification or policy refused. */
  refused: 1,
  /** Asked in a way that cannot be answered: flags, files that are not what they should be. */
  usage: 2,
  /** Could not look: network, permissions, time. */
  unavailable: 3,
  /** A fault of the program. */
  internal: 4,
} as const;

export type Outcome = Exclude<keyof typeof exitCodes, "done">;

/** Ends a command with words for people, and codes for programs. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** Stable, kebab-case. */
  readonly code: string;
  readonly outcome: Outcome;
  /** What to type next. */
  readonly hint: string | undefined;

  constructor(
    outcome: Outcome,
    code: string,
    message: string,
    options: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.outcome = outcome;
    this.code = code;
    this.hint = options.hint;
  }
}

/** A mistake on the command line. */
export function usageError(message: string, hint?: string, code = "usage"): CliError {
  return new CliError("usage", code, message, { hint });
}

/** Says what a failed file operation means; other errors come back as they are. */
export function fileError(cause: unknown, path: string, hint?: string): unknown {
  const code = systemCode(cause);
  const known = code === undefined ? undefined : systemErrors[code];
  if (!known) return cause;
  const message = `${path}: ${known.message}`;
  return new CliError(known.outcome, known.code, message, { hint: hint ?? known.hint, cause });
}

interface SystemError {
  readonly outcome: Outcome;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

const noSuchFile: SystemError = {
  outcome: "usage",
  code: "file-missing",
  message: "no such file",
  hint: "check the path",
};
const notPermitted: SystemError = {
  outcome: "unavailable",
  code: "file-not-permitted",
  message: "permission denied",
  hint: "check the owner and mode of the file with `ls -l`",
};

const systemErrors: Readonly<Record<string, SystemError>> = {
  ENOENT: noSuchFile,
  ENOTDIR: noSuchFile,
  EISDIR: {
    outcome: "usage",
    code: "file-is-directory",
    message: "is a directory, not a file",
    hint: "name the file itself",
  },
  EACCES: notPermitted,
  EPERM: notPermitted,
  EEXIST: {
    outcome: "usage",
    code: "file-exists",
    message: "exists already",
    hint: "pass --yes to overwrite it",
  },
  ENOSPC: { outcome: "unavailable", code: "disk-full", message: "no space left on the disk" },
  EROFS: { outcome: "unavailable", code: "disk-read-only", message: "the disk is read-only" },
  EIO: { outcome: "unavailable", code: "disk-error", message: "the disk failed" },
};

/**
 * The error as a `CliError`, whatever it was. Other packages' errors are known by the shape that
 * all of ours share (`code`, `hint`): no command loads packages only to tell their errors apart.
 */
export function describeError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof FormatError) {
    return new CliError("usage", `format-${error.code}`, error.message, { cause: error });
  }
  if (!(error instanceof Error)) {
    return new CliError("internal", "internal", `unexpected: ${String(error)}`, { cause: error });
  }
  const system = systemCode(error);
  if (system !== undefined && system in systemErrors) {
    const path = (error as { path?: unknown }).path;
    return fileError(error, typeof path === "string" ? path : "file") as CliError;
  }
  if (networkCodes.has(system ?? networkCause(error) ?? "")) {
    const hint = "check the network and the address, or pass --offline to go without";
    return new CliError("unavailable", "network", error.message, { hint, cause: error });
  }
  const known = packageError(error);
  if (known) return known;
  const hint = "this is a fault of the program: please report it with the output of --verbose";
  return new CliError("internal", "internal", error.message, { hint, cause: error });
}

/** Somebody who was asked says no, or what cannot be believed. */
const signingRefused: ReadonlySet<string> = new Set([
  "service-refused",
  "certificate-mismatch",
  "certificate-unproven",
  "timestamp-refused",
  "timestamp-mismatch",
  "oidc-refused",
  "oidc-denied",
  "oidc-state-mismatch",
  "device-denied",
  "identity-token-untrusted",
]);
/** Somebody could not be asked now. */
const signingUnavailable: ReadonlySet<string> = new Set([
  "oidc-unreachable",
  "oidc-unavailable",
  "oidc-malformed",
  "oidc-timeout",
  "device-expired",
]);

/** Codes that are not mistakes on the command line, by the error class that has them. */
const outcomes: Readonly<Record<string, (code: string, error: Error) => Outcome>> = {
  SignError: (code, error) => {
    if (signingRefused.has(code) || code.startsWith("log-entry-")) return "refused";
    if (code.startsWith("service-") || signingUnavailable.has(code)) return "unavailable";
    const file = code === "unreadable-key" || code === "unwritable-file";
    return file && !isUserPath(error.cause) ? "unavailable" : "usage";
  },
  VerificationError: () => "refused",
  IdpError: (code) => (code === "store" ? "unavailable" : "usage"),
  StackError: (code) => (code === "in-use" || code === "address" ? "unavailable" : "usage"),
  TufRepositoryError: () => "usage",
  // What is stored cannot be trusted; or it cannot be had now.
  LogError: (code) =>
    /^(corrupt|object-conflict|rolled-back|wrong-log|poisoned|unverified)$/.test(code)
      ? "refused"
      : "unavailable",
  // Nothing in force could be had; or what the mirror has is not to be trusted.
  TufError: (code) => {
    if (code === "tuf-invalid-option") return "usage";
    if (code === "tuf-library-missing") return "internal";
    const absent = /^tuf-expired-|-(unreachable|missing|not-served|unwritable)$/.test(code);
    return absent ? "unavailable" : "refused";
  },
};

function packageError(error: Error): CliError | undefined {
  const outcomeOf = Object.hasOwn(outcomes, error.name) ? outcomes[error.name] : undefined;
  if (!outcomeOf) return undefined;
  const { code, hint } = error as Error & { readonly code: string; readonly hint: string };
  const details = { hint: hint === "" ? undefined : hint, cause: error };
  return new CliError(outcomeOf(code, error), code, error.message, details);
}

/** Whether the path itself is wrong, as opposed to what it leads to. */
function isUserPath(cause: unknown): boolean {
  return ["ENOENT", "EISDIR", "ENOTDIR"].includes(systemCode(cause) ?? "");
}

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
]);

/** `fetch` hides what failed one level down. */
function networkCause(error: Error): string | undefined {
  return systemCode(error.cause);
}

function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && /^E[A-Z0-9_]+$/.test(code) ? code : undefined;
}
