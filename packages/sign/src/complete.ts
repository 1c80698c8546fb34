// SPDX-License-Identifier: Apache-2.0
import type { Bundle, LogEntry } from "@chancery/formats/bundle";
import { encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { hashOfOutputName } from "@chancery/formats/entry";
import type { TrustedRoot } from "@chancery/formats/trust";
import { type Certificate, decodeCertificate } from "@chancery/formats/x509";
import { SignError } from "./errors.ts";
import type { PendingEntry } from "./pending.ts";
import { type LoggableSignature, openLog } from "./rekor/index.ts";
import type { HttpOptions } from "./http/index.ts";
import { enter } from "./vouch.ts";

export interface CompleteInput {
  /** Version 0.3, as `sign` and `attest` make it. */
  readonly bundle: Bundle;
  readonly pending: PendingEntry;
  /** What the logs' answers are verified with. */
  readonly trustedRoot?: TrustedRoot;
  readonly http?: HttpOptions;
}

/**
 * Enters a signature in the logs that could not be reached when it was made.
 *
 * A log that is reached after the signer's certificate ended proves that it has the entry, and its
 * word on the time is left out: the bundle's timestamp says when the signature was made, and
 * verifiers hold the certificate against every time that they are told.
 *
 * @returns the bundle with the entries. Not verified as a whole: `verify` of `@chancery/verify`.
 * @throws SignError `pending-mismatch` where the two do not belong together, and as `sign`;
 *   FormatError for a malformed certificate
 */
export async function completePending(input: CompleteInput): Promise<Bundle> {
  const { bundle, pending, trustedRoot, http = {} } = input;
  const { publicKey, algorithm } = pending;
  const { signature, content } = loggable(bundle, pending);
  const certificate = certificateOf(bundle);
  const signer = { publicKey, algorithm, ...(certificate && { certificate }) };
  const entries = await Promise.all(
    pending.logs.map(async ({ url, api }) => {
      const log = openLog(url, api, { ...http, ...(trustedRoot && { trustedRoot }) });
      const entry = await enter({ signature, content }, signer, log, trustedRoot);
      return certificate ? withoutLateTime(entry, certificate) : entry;
    }),
  );
  return { ...bundle, tlogEntries: [...bundle.tlogEntries, ...entries] };
}

function loggable(
  { content }: Bundle,
  { signatureSha256 }: PendingEntry,
): Pick<LoggableSignature, "signature" | "content"> {
  const signature =
    content.kind === "envelope" ? content.envelope.signatures[0]?.sig : content.message.signature;
  if (!signature || encodeHex(sha256(signature)) !== signatureSha256) {
    throw mismatch("the pending entry is of another signature than the bundle's");
  }
  if (content.kind === "envelope") return { signature, content };
  const { messageDigest } = content.message;
  const hash = messageDigest && hashOfOutputName(messageDigest.algorithm);
  if (!messageDigest || !hash)
    throw mismatch("the bundle does not say the digest of what was signed");
  return { signature, content: { kind: "message", hash, digest: messageDigest.digest } };
}

function certificateOf({ keyMaterial }: Bundle): Certificate | undefined {
  switch (keyMaterial.kind) {
    case "publicKey":
      return undefined;
    case "certificate":
      return decodeCertificate(keyMaterial.certificate);
    case "chain":
      throw mismatch("the bundle is of an older version, which nothing is added to");
  }
}

function withoutLateTime(entry: LogEntry, { notAfter }: Certificate): LogEntry {
  if (entry.integratedTime * 1000n <= BigInt(notAfter.getTime())) return entry;
  const late: LogEntry & { inclusionPromise?: Uint8Array } = { ...entry, integratedTime: 0n };
  delete late.inclusionPromise;
  return late;
}

function mismatch(problem: string): SignError {
  return new SignError("pending-mismatch", problem, "sign again");
}
