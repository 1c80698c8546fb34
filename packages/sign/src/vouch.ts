// SPDX-License-Identifier: Apache-2.0
import type { LogEntry } from "@chancery/formats/bundle";
import type { LoggedVerifier } from "@chancery/formats/entry";
import type { TrustedRoot } from "@chancery/formats/trust";
import { firstFailure, verifyLogEntry } from "@chancery/verify";
import { SignError } from "./errors.ts";
import type { LoggableSignature, SignatureLog } from "./rekor/index.ts";
import type { Signer } from "./signer/index.ts";
import type { TimestampService } from "./timestamp/index.ts";

/** Where a signature is logged: level `logged`. */
export interface Logging {
  /** All of them get it; none is as if there were no logging. */
  readonly logs: readonly SignatureLog[];
  /** What the logs' answers are verified with; without it only that they are consistent. */
  readonly trustedRoot?: TrustedRoot;
  /**
   * Go on without the logs that cannot be reached now: what they were to get is answered as
   * pending, for `completePending`. One that refuses, or answers something else, is never passed
   * over. Default false.
   */
  readonly allowPending?: boolean;
}

/** Who vouches for a signature beside its maker. */
export interface Vouching {
  readonly logging?: Logging;
  /** All of them stamp it. */
  readonly timestampServices?: readonly TimestampService[];
}

/** What they gave. */
export interface Vouched {
  readonly tlogEntries: readonly LogEntry[];
  readonly timestamps: readonly Uint8Array[];
  /** Logs that could not be reached. */
  readonly pending: readonly SignatureLog[];
}

type Signed = Pick<LoggableSignature, "signature" | "content">;

/** Errors that say nothing about the signature, and may be gone later. */
const passing: ReadonlySet<string> = new Set(["service-unreachable", "service-unavailable"]);

/**
 * Enters a signature in every log, then has every authority stamp it.
 * @throws SignError `service-…` | `log-entry-…` | `timestamp-…`, though logs may have the entry
 */
export async function vouchFor(
  signed: Signed,
  signer: Pick<Signer, "publicKey" | "algorithm" | "certificate">,
  { logging, timestampServices = [] }: Vouching,
): Promise<Vouched> {
  const pending: SignatureLog[] = [];
  const entered = await Promise.all(
    (logging?.logs ?? []).map(async (log) => {
      try {
        return await enter(signed, signer, log, logging?.trustedRoot);
      } catch (cause) {
        const passes = cause instanceof SignError && passing.has(cause.code);
        if (!passes || !logging?.allowPending) throw cause;
        pending.push(log);
        return undefined;
      }
    }),
  );
  const timestamps = await Promise.all(
    timestampServices.map((service) => service.stamp(signed.signature)),
  );
  return { tlogEntries: entered.filter((entry) => entry !== undefined), timestamps, pending };
}

/**
 * Enters a signature in a log.
 * @throws SignError `service-…` | `log-entry-…`
 */
export async function enter(
  signed: Signed,
  signer: Pick<Signer, "publicKey" | "algorithm" | "certificate">,
  log: SignatureLog,
  trustedRoot: TrustedRoot | undefined,
): Promise<LogEntry> {
  const { publicKey, algorithm, certificate } = signer;
  const verifier: LoggedVerifier = certificate
    ? { kind: "certificate", certificate: certificate.der }
    : { kind: "publicKey", key: publicKey };
  const entry = await log.add({ ...signed, verifier, algorithm });
  if (trustedRoot) checkTrusted(entry, trustedRoot, log.url);
  return entry;
}

function checkTrusted(entry: LogEntry, trustedRoot: TrustedRoot, url: string): void {
  const { verdict, checks } = verifyLogEntry(entry, trustedRoot);
  if (verdict === "verified") return;
  const { message, code } = firstFailure(checks) ?? { message: "nothing vouches for it", code: "" };
  throw new SignError(
    "log-entry-unproven",
    `the entry in the log at ${url} does not verify with the trusted root: ${message} (${code})`,
    "check that log and trusted root belong together",
  );
}
