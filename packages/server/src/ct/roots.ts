// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import type { Certificate } from "@chancery/formats/x509";

/** SHA-256 of a certificate, in hex. */
export function fingerprintOf(der: Uint8Array): string {
  return encodeHex(sha256(der));
}

/**
 * The roots whose chains a log takes. They come from sources, such as a file and an authority in
 * the same process, each of which may change what it gives while the log runs.
 */
export class AcceptedRoots {
  readonly #sources = new Map<string, readonly Certificate[]>();
  #byFingerprint = new Map<string, Certificate>();
  #bySubject = new Map<string, Certificate[]>();

  /** Puts the roots of a source in the place of those that it gave before. */
  set(source: string, roots: readonly Certificate[]): void {
    this.#sources.set(source, [...roots]);
    this.#byFingerprint = new Map();
    this.#bySubject = new Map();
    for (const root of [...this.#sources.values()].flat()) {
      const fingerprint = fingerprintOf(root.der);
      if (this.#byFingerprint.has(fingerprint)) continue;
      this.#byFingerprint.set(fingerprint, root);
      const subject = encodeHex(root.subject);
      this.#bySubject.set(subject, [...(this.#bySubject.get(subject) ?? []), root]);
    }
  }

  get certificates(): readonly Certificate[] {
    return [...this.#byFingerprint.values()];
  }

  /** @param fingerprint as `fingerprintOf` gives it */
  has(fingerprint: string): boolean {
    return this.#byFingerprint.has(fingerprint);
  }

  /** Those that have the name of the certificate's issuer. */
  namedIssuers(certificate: Certificate): readonly Certificate[] {
    return this.#bySubject.get(encodeHex(certificate.issuer)) ?? [];
  }
}
