// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { verifySignatureInPool } from "@chancery/formats/crypto/node";
import { type Sct, sctScheme, sctSignedData } from "@chancery/formats/sct";
import { refusal } from "../refusal/index.ts";
import { CtLogError, type SctSource } from "./sct-source.ts";

/** A precertificate as a log gets it, and as it signs it. */
export interface Submission {
  /** DER: the precertificate, its issuers, the root last. */
  readonly chain: readonly Uint8Array[];
  /** SHA-256 of the issuing CA's SubjectPublicKeyInfo. */
  readonly issuerKeyHash: Uint8Array;
  /** TBSCertificate without the poison. */
  readonly tbs: Uint8Array;
}

/**
 * Enters a precertificate into a log, and verifies that what it answers is its timestamp over it:
 * clients would refuse the certificate, and only when it is too late.
 *
 * @throws FulcioRefusal `ct-unavailable` | `ct-refused`, with the reason as its cause
 */
export async function logPrecertificate(
  submission: Submission,
  log: SctSource,
  timeoutMs: number,
): Promise<Sct> {
  try {
    const sct = await within(timeoutMs, log.submit(submission.chain));
    await checkSct(sct, submission, log);
    return sct;
  } catch (cause) {
    const isTemporary = cause instanceof CtLogError && cause.code === "unavailable";
    throw refusal(isTemporary ? "ct-unavailable" : "ct-refused", { cause });
  }
}

async function checkSct(
  sct: Sct,
  { issuerKeyHash, tbs }: Submission,
  { publicKey }: SctSource,
): Promise<void> {
  if (!bytesEqual(sct.logId, sha256(publicKey.spki))) {
    throw new CtLogError("malformed", "the SCT is of another log than the configured key's");
  }
  const scheme = sctScheme(sct, publicKey);
  const message = sctSignedData(sct, { issuerKeyHash, tbs });
  if (!scheme || !(await verifySignatureInPool(publicKey, scheme, message, sct.signature))) {
    throw new CtLogError("malformed", "the SCT does not verify under the log's key");
  }
}

/** What a log answers after that is not waited for. */
async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `the log gave no SCT within ${timeoutMs} ms`;
    timer = setTimeout(() => reject(new CtLogError("unavailable", message)), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
