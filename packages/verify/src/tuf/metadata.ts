// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { TufError, type TufErrorCode } from "./errors.ts";
import type { TufLibrary } from "./library.ts";

export type TufRole = "root" | "timestamp" | "snapshot" | "targets";

/** What every role's metadata says about itself. */
export interface MetadataHead {
  readonly version: number;
  readonly expires: Date;
}

/**
 * Reads version and expiry of metadata, more strictly than tuf-js does: JSON without duplicate
 * names, a whole version from 1, an expiry in RFC 3339. (JavaScript would read a date without zone
 * as local time.) Does not check signatures.
 *
 * @param place the file, for the error message.
 * @throws TufError `tuf-metadata-invalid`
 */
export function readHead(bytes: Uint8Array, place: string): MetadataHead {
  try {
    const signed = new ObjectDecoder(parseJson(bytes, place), place).object("signed");
    const version = signed.integer("version");
    if (version < 1) throw signed.error("out-of-range", "version", "is below 1");
    return { version, expires: signed.time("expires") };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new TufError(
      "tuf-metadata-invalid",
      cause.message,
      "the file is not TUF metadata: check the mirror's address, or ask its operator",
      { cause },
    );
  }
}

/** A file that is being put before the store. */
export interface Candidate {
  readonly role: TufRole;
  /** File or URL, for messages. */
  readonly place: string;
  readonly bytes: Uint8Array;
  readonly now: Date;
}

/**
 * Runs one transition of the store and names what it refuses.
 *
 * @throws TufError `tuf-metadata-invalid` | `tuf-signature-threshold` | `tuf-expired-…` |
 *   `tuf-rollback` | `tuf-inconsistent`; and the store's error for an equal version, as it is.
 */
export function transition(
  library: TufLibrary,
  candidate: Candidate,
  run: (bytes: ReturnType<TufLibrary["buffer"]>) => void,
): void {
  const { role, place, now } = candidate;
  const { expires } = readHead(candidate.bytes, place);
  try {
    run(library.buffer(candidate.bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const refuse = (code: TufErrorCode, hint: string): TufError =>
      new TufError(code, `${place}: ${reason}`, hint, { cause });
    switch (library.kindOf(cause)) {
      case "threshold":
        throw refuse(
          "tuf-signature-threshold",
          "do not trust this mirror until its operator explains; a repository that was made anew " +
            "needs its new root (initialize)",
        );
      case "expired":
        throw expired(role, place, expires, now, cause);
      case "equal-version":
        throw cause;
      case "version":
        throw refuse(
          // The store uses one class for "older than seen" and for "not the one announced".
          /less than current/.test(reason) ? "tuf-rollback" : "tuf-inconsistent",
          "the mirror is behind or forged; try again later, then ask its operator",
        );
      case "repository":
        throw refuse("tuf-rollback", "the mirror withdrew a role; ask its operator");
      case "hash":
        throw refuse("tuf-inconsistent", "the mirror is being updated or is forged; try again");
      case "other":
        throw refuse("tuf-metadata-invalid", "the file is not valid metadata of this role");
    }
  }
}

/** The error for a role past its expiry: which, since when, who can help. */
export function expired(
  role: TufRole,
  place: string,
  expires: Date,
  now: Date,
  cause?: unknown,
): TufError {
  const hint =
    role === "root"
      ? "update this program or give a newer root; if there is none, the repository's operator " +
        "has to sign one"
      : "the repository's operator has to sign it anew; if only this machine sees it, check its " +
        "clock and caching proxies";
  return new TufError(
    `tuf-expired-${role}`,
    `${place}: the ${role} metadata expired on ${expires.toISOString()}, ${ago(expires, now)} ` +
      `(it is ${now.toISOString()} here)`,
    hint,
    { cause },
  );
}

function ago(then: Date, now: Date): string {
  const minutes = Math.floor((now.getTime() - then.getTime()) / 60_000);
  const units = [
    { name: "day", count: Math.floor(minutes / 1440) },
    { name: "hour", count: Math.floor(minutes / 60) },
    { name: "minute", count: minutes },
  ];
  const unit = units.find(({ count }) => count > 0);
  return unit ? `${unit.count} ${unit.name}${unit.count === 1 ? "" : "s"} ago` : "just now";
}
