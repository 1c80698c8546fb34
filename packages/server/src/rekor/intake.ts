// SPDX-License-Identifier: Apache-2.0
import type { Algorithm } from "@chancery/formats/crypto";
import type { JsonObject } from "@chancery/formats/json";
import { LogError, type Receipt } from "@chancery/log";
import { ServiceError } from "../errors.ts";
import type { EntryKindHandler, PreparedEntry, ProposalContext } from "./entry/index.ts";
import type { SignatureChecks } from "./signature-checks.ts";
import type { TransparencyLog } from "./transparency-log.ts";

/** How entries get into a log, by either API. */
export interface IntakeOptions {
  readonly checks: SignatureChecks;
  readonly algorithms: readonly Algorithm[];
  readonly attestationSizeBytesMax: number;
  /** Where true the log takes nothing any more. */
  readonly frozen?: boolean;
  /** Told of each entry that is new in the log. */
  readonly onNewEntry?: (entry: PreparedEntry) => void;
}

/** Largest canonical body: the length of an entry in a bundle is written in two bytes. */
const entrySizeBytesMax = 0xffff;
/** Seconds after which a client that was turned away may try again. */
const retryAfterSeconds = 1;

/** Verifies what is proposed. @throws ServiceError */
export function prepareEntry(
  handler: EntryKindHandler,
  spec: JsonObject,
  options: IntakeOptions,
  purpose: ProposalContext["purpose"],
): Promise<PreparedEntry> {
  const { checks, algorithms, attestationSizeBytesMax } = options;
  return handler.prepare(spec, { checks, algorithms, attestationSizeBytesMax, purpose });
}

/**
 * Logs a verified entry. When this resolves the entry is durable, and so are its search keys and
 * its attestation.
 * @throws ServiceError `too-large` | `overloaded` | `unavailable`; the log's own errors else
 */
export async function logEntry(
  log: TransparencyLog,
  entry: PreparedEntry,
  options: IntakeOptions,
): Promise<Receipt> {
  if (entry.body.length > entrySizeBytesMax) {
    const problem = `the entry has ${entry.body.length} bytes, more than ${entrySizeBytesMax}`;
    throw new ServiceError("too-large", problem, { status: 400 });
  }
  const { body, keys, attestation } = entry;
  let receipt: Receipt;
  try {
    receipt = await log.append({
      bytes: body,
      keys: keys.bytes(),
      ...(attestation && attestation.length > 0 ? { attachment: attestation } : {}),
    });
  } catch (cause) {
    throw logRefusal(cause);
  }
  if (!receipt.duplicate) options.onNewEntry?.(entry);
  return receipt;
}

/** Turned away for the moment. */
export function overloaded(message: string, cause?: unknown): ServiceError {
  const headers = { "retry-after": String(retryAfterSeconds) };
  return new ServiceError("overloaded", message, { headers, cause });
}

/** The refusals of a log that are not the server's fault have answers of their own. */
function logRefusal(cause: unknown): unknown {
  if (!(cause instanceof LogError)) return cause;
  if (cause.code === "overloaded") return overloaded("reached max pushback; retry", cause);
  if (cause.code === "quorum") {
    return overloaded("logged, but too few witnesses cosigned; retry", cause);
  }
  if (cause.code === "stopped" || cause.code === "rolled-back") {
    return new ServiceError("unavailable", "the log takes no entries at present", { cause });
  }
  return cause;
}
