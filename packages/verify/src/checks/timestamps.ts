// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import {
  decodeTimestampResponse,
  TimestampError,
  type TimestampResponse,
  verifyTimestamp,
} from "@chancery/formats/tsp";
import { assessLeaf, type Certificate, PathError } from "@chancery/formats/x509";
import type { EvidenceBuilder } from "../evidence.ts";
import type { ReasonCode } from "../reasons.ts";
import {
  authorityOperator,
  inUse,
  type PreparedAuthority,
  type TrustMaterial,
} from "../trust-material.ts";

/** A time that an authority signed. */
export interface StampedTime {
  readonly time: Date;
  /** URI or name of the authority. */
  readonly by: string;
  /** Whom it counts for. */
  readonly operator: string;
}

/**
 * Step 3 (a): every RFC 3161 timestamp must be over the signature, by an authority of the trusted
 * root that was trusted, and whose certificates were valid, at the time it states. One bad one
 * fails the bundle: what nobody can vouch for has no place in it.
 *
 * @returns the time of each good timestamp, which authority made it, and who runs that.
 */
export function checkTimestamps(
  timestamps: readonly Uint8Array[],
  signature: Uint8Array,
  trust: TrustMaterial,
  evidence: EvidenceBuilder,
): StampedTime[] {
  const seen = new Set<string>();
  return timestamps.flatMap((der, i) => {
    const about = `rfc3161Timestamps[${i}]`;
    let response: TimestampResponse;
    try {
      response = decodeTimestampResponse(der);
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      evidence.fail("timestamp", "timestamp-malformed", cause.message, {}, about);
      return [];
    }
    // Parts of a token that nobody signs, and ECDSA signatures, have several forms: what is signed
    // names the token.
    const id = encodeHex(response.token?.attributes.signedBytes ?? der);
    if (seen.has(id)) {
      evidence.fail("timestamp", "timestamp-duplicate", "the timestamp stands twice", {}, about);
      return [];
    }
    seen.add(id);
    return checkResponse(response, signature, trust, about, evidence) ?? [];
  });
}

function checkResponse(
  response: TimestampResponse,
  signature: Uint8Array,
  trust: TrustMaterial,
  about: string,
  evidence: EvidenceBuilder,
): StampedTime | undefined {
  let failure: Refusal | undefined;
  for (const candidate of trust.timestampAuthorities) {
    const result = tryAuthority(response, signature, candidate);
    if ("time" in result) {
      const { time, by } = result;
      const values = { time: time.toISOString(), authority: by };
      evidence.pass("timestamp", "an authority stamped the signature", values, about);
      return result;
    }
    // The refusal of the authority that got furthest explains most.
    if (failure === undefined || result.rank > failure.rank) failure = result;
  }
  const { code, message, values } = failure ?? unknownAuthority;
  return evidence.fail("timestamp", code, message, values, about);
}

interface Refusal {
  readonly code: ReasonCode;
  readonly message: string;
  readonly values?: Readonly<Record<string, string>>;
  /** How far the check came: 0 another authority's, 1 forged, 2 not trusted then. */
  readonly rank: number;
}

const unknownAuthority: Refusal = {
  code: "timestamp-authority-unknown",
  message: "no authority of the trusted root made this timestamp",
  rank: 0,
};

function tryAuthority(
  response: TimestampResponse,
  signature: Uint8Array,
  { authority, issuers }: PreparedAuthority,
): StampedTime | Refusal {
  const leaf = authority.certificates[0] as Certificate;
  const by = authority.uri || authority.commonName;
  let time: Date;
  try {
    time = verifyTimestamp(response, { signature, authority: leaf }).genTime;
  } catch (cause) {
    return timestampRefusal(cause);
  }
  const values = { time: time.toISOString(), authority: by };
  if (!inUse(authority, time)) {
    const message = "the trusted root does not trust the authority at that time";
    return { code: "timestamp-authority-not-valid", message, values, rank: 3 };
  }
  try {
    assessLeaf(leaf, issuers, time, "time-stamping");
  } catch (cause) {
    if (!(cause instanceof PathError)) throw cause;
    return { code: "timestamp-chain-invalid", message: cause.message, values, rank: 2 };
  }
  return { time, by, operator: authorityOperator(authority) };
}

function timestampRefusal(cause: unknown): Refusal {
  if (cause instanceof FormatError) {
    return { code: "timestamp-malformed", message: cause.message, rank: 1 };
  }
  if (!(cause instanceof TimestampError)) throw cause;
  switch (cause.code) {
    case "timestamp-signer-mismatch":
      return unknownAuthority;
    case "timestamp-imprint-mismatch":
      return { code: "timestamp-mismatch", message: cause.message, rank: 1 };
    case "timestamp-signing-time-outside-certificate":
      return { code: "timestamp-chain-invalid", message: cause.message, rank: 2 };
    case "timestamp-not-granted":
      return { code: "timestamp-not-granted", message: cause.message, rank: 1 };
    default:
      return {
        code: "timestamp-invalid",
        message: cause.message,
        values: { problem: cause.code },
        rank: 1,
      };
  }
}
