// SPDX-License-Identifier: Apache-2.0
import { sha256 } from "@chancery/formats/crypto";
import { bytesEqual, encodeHex } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { decodeSctList, type SctList, verifySct } from "@chancery/formats/sct";
import type { TransparencyLog } from "@chancery/formats/trust";
import {
  assessLeaf,
  type Certificate,
  checkIssued,
  embeddedSctList,
  extensionOids,
  nameToString,
  PathError,
  tbsWithoutExtension,
} from "@chancery/formats/x509";
import type { EvidenceBuilder, VerifiedTime } from "../evidence.ts";
import type { ReasonCode } from "../reasons.ts";
import {
  inUse,
  logOperator,
  logsById,
  type PreparedAuthority,
  type TrustMaterial,
} from "../trust-material.ts";

/** When the signature was made, and who says so. */
export type SigningTime = Pick<VerifiedTime, "time" | "by">;

/**
 * Step 4: a path from the signer's certificate to an authority of the trusted root that holds at
 * every verified time (the "hybrid" model: every certificate of the path is valid at that instant),
 * with the authority trusted at that time.
 *
 * @returns the certificate that issued the leaf.
 */
export function checkCertificate(
  leaf: Certificate,
  times: readonly SigningTime[],
  trust: TrustMaterial,
  evidence: EvidenceBuilder,
): Certificate | undefined {
  let failure: Refusal | undefined;
  for (const candidate of trust.certificateAuthorities) {
    const refusal = tryAuthority(leaf, candidate, times);
    if (refusal === undefined) {
      const issuer = candidate.issuers.chain[0] as Certificate;
      evidence.pass("certificate", "an authority of the trusted root issued the certificate", {
        authority: candidate.authority.uri,
        issuer: nameToString(issuer.subject),
        times: times.map(({ time }) => time.toISOString()).join(", "),
      });
      return issuer;
    }
    if (failure === undefined || refusal.rank > failure.rank) failure = refusal;
  }
  const { code, message, values } = failure ?? untrusted;
  return evidence.fail("certificate", code, message, values);
}

interface Refusal {
  readonly code: ReasonCode;
  readonly message: string;
  readonly values?: Readonly<Record<string, string>>;
  /** 0 another authority's, 1 its certificate is unfit, 2 the time does not fit. */
  readonly rank: number;
}

const untrusted: Refusal = {
  code: "certificate-untrusted",
  message: "no authority of the trusted root issued the certificate",
  rank: 0,
};

function tryAuthority(
  leaf: Certificate,
  { authority, issuers }: PreparedAuthority,
  times: readonly SigningTime[],
): Refusal | undefined {
  const issuer = issuers.chain[0] as Certificate;
  if (!bytesEqual(leaf.issuer, issuer.subject)) return untrusted;
  try {
    checkIssued(leaf, issuer, 0);
    for (const { time, by } of times) {
      assessLeaf(leaf, issuers, time, "code-signing");
      if (!inUse(authority, time)) {
        const values = { time: time.toISOString(), timeFrom: by, authority: authority.uri };
        const message = "the trusted root does not trust the authority at that time";
        return { code: "certificate-authority-not-valid", message, values, rank: 2 };
      }
    }
    return undefined;
  } catch (cause) {
    if (!(cause instanceof PathError)) throw cause;
    return pathRefusal(cause);
  }
}

function pathRefusal(error: PathError): Refusal {
  const { message } = error;
  switch (error.code) {
    case "bad-signature":
      return { ...untrusted, message: `${untrusted.message}: ${message}` };
    case "expired":
    case "not-yet-valid": {
      const { notBefore, notAfter } = error.certificate;
      const values = {
        time: error.time?.toISOString() ?? "",
        notBefore: notBefore.toISOString(),
        notAfter: notAfter.toISOString(),
      };
      const code = error.code === "expired" ? "certificate-expired" : "certificate-not-yet-valid";
      return { code, message, values, rank: 2 };
    }
    default:
      return { code: "certificate-unfit", message, values: { problem: error.code }, rank: 1 };
  }
}

/**
 * Step 5: the CT logs that signed the certificate. SCTs of unknown logs are passed over; a bad one
 * of a known log fails the certificate; the threshold counts operators.
 */
export function checkScts(
  leaf: Certificate,
  issuer: Certificate,
  threshold: number,
  trust: TrustMaterial,
  evidence: EvidenceBuilder,
): void {
  let list: SctList | undefined;
  try {
    const raw = embeddedSctList(leaf);
    list = raw && decodeSctList(raw);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    return evidence.fail("sct", "sct-malformed", cause.message);
  }
  if (!list || list.scts.length === 0) {
    return evidence.fail("sct", "sct-missing", "the certificate embeds no SCT");
  }
  const tbs = tbsWithoutExtension(leaf, extensionOids.sctList);
  const issuerKeyHash = sha256(issuer.publicKey.spki);
  const seen = new Set<string>();
  const operators = new Set<string>();
  for (const [i, sct] of list.scts.entries()) {
    const about = `sct[${i}]`;
    const id = encodeHex(sct.logId);
    if (seen.has(id)) evidence.fail("sct", "sct-duplicate", "a log signed twice", { id }, about);
    seen.add(id);
    const logs = logsById(trust.ctlogs, sct.logId);
    if (logs.length === 0) {
      evidence.skip("sct", "sct-log-unknown", `the trusted root names no log ${id}`, about);
      continue;
    }
    const time = new Date(sct.timestampMs);
    const log = logs.find((item) => inUse(item, time)) ?? (logs[0] as TransparencyLog);
    const values = { time: time.toISOString(), log: log.baseUrl };
    if (!logs.some(({ publicKey }) => verifySct(sct, issuerKeyHash, tbs, publicKey))) {
      evidence.fail("sct", "sct-invalid", "the log did not sign this certificate", values, about);
    } else if (!inUse(log, time)) {
      const message = "the log's key was not in use at that time";
      evidence.fail("sct", "sct-log-not-valid-at-time", message, values, about);
    } else {
      operators.add(logOperator(log));
      evidence.pass("sct", "a CT log signed the certificate", values, about);
    }
  }
  if (operators.size >= threshold || evidence.failed("sct")) return;
  if (operators.size === 0) {
    evidence.fail("sct", "sct-log-unknown", "no SCT is of a log that the trusted root names");
  } else {
    const message = "too few CT logs vouch for the certificate";
    const values = { found: String(operators.size), required: String(threshold) };
    evidence.fail("sct", "sct-threshold", message, values);
  }
}

/** Whether a certificate that a bundle brings beside the leaf is its own issuer: a root. */
export function isSelfIssued(certificate: Certificate): boolean {
  return bytesEqual(certificate.issuer, certificate.subject);
}
