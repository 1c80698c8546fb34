// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from "@chancery/formats/crypto";
import type { Sct } from "@chancery/formats/sct";

/** A log of certificates: in this process, or over HTTP. */
export interface SctSource {
  /** By which its timestamps verify. */
  readonly publicKey: PublicKey;
  /**
   * Enters a precertificate.
   * @param chain DER: the precertificate, its issuers, the root last.
   * @throws CtLogError; what it throws else is taken for a fault of this service
   */
  submit(chain: readonly Uint8Array[]): Promise<Sct>;
}

/** Why a log gave no timestamp. */
export type CtLogErrorCode =
  | "refused" // it takes no such certificates: to ask again is of no use
  | "unavailable" // it cannot be reached, is too slow or too busy: ask again later
  | "malformed"; // its answer is no timestamp, or not that log's over this certificate

/** No timestamp. The message is for operators. */
export class CtLogError extends Error {
  override readonly name = "CtLogError";
  readonly code: CtLogErrorCode;

  constructor(code: CtLogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
