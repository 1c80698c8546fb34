// SPDX-License-Identifier: Apache-2.0
import type { LogEntry } from "@chancery/formats/bundle";
import type { TrustedRoot } from "@chancery/formats/trust";
import { firstFailure, verifyLogEntry } from "@chancery/verify";
import { SignError } from "./errors.ts";
import type { LoggableSignature, SignatureLog } from "./rekor/index.ts";
import type { Signer } from "./signer/index.ts";

/** Where a signature is logged: level `logged`. */
export interface Logging {
  /** All of them get it; none is as if there were no logging. */
  readonly logs: readonly SignatureLog[];
  /** What the logs' answers are verified with; without it only that they are consistent. */
  readonly trustedRoot?: TrustedRoot;
}

/**
 * Enters a signature in every log.
 * @throws SignError `service-…` | `log-entry-…`, though other logs may have the entry
 */
export function enter(
  { logs, trustedRoot }: Logging,
  { publicKey, algorithm }: Signer,
  signed: Pick<LoggableSignature, "signature" | "content">,
): Promise<LogEntry[]> {
  const verifier = { kind: "publicKey", key: publicKey } as const;
  return Promise.all(
    logs.map(async (log) => {
      const entry = await log.add({ ...signed, verifier, algorithm });
      if (trustedRoot) checkTrusted(entry, trustedRoot, log.url);
      return entry;
    }),
  );
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
