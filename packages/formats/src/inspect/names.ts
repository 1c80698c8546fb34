// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";
import type { CertificateAuthority, TransparencyLog, TrustedRoot } from "../trust/index.ts";
import type { TimestampSigner } from "../tsp/index.ts";
import { authorityKeyIdentifier, type Certificate, subjectKeyIdentifier } from "../x509/index.ts";

/**
 * What a trusted root calls whoever an id or a name in a bundle stands for. Null where it knows
 * nobody, undefined where there is no trusted root. That a bundle names somebody proves nothing.
 */
export class Names {
  readonly #root: TrustedRoot | undefined;

  constructor(root: TrustedRoot | undefined) {
    this.#root = root;
  }

  log(logId: Uint8Array): string | null | undefined {
    return this.#root && urlOf(this.#root.tlogs, logId);
  }

  ctLog(logId: Uint8Array): string | null | undefined {
    return this.#root && urlOf(this.#root.ctlogs, logId);
  }

  /** By the issuer's name and, where both say it, its key identifier. */
  certificateAuthority(certificate: Certificate): string | null | undefined {
    return this.#find("certificateAuthorities", ([issuer]) => {
      if (!issuer || !bytesEqual(issuer.subject, certificate.issuer)) return false;
      const wanted = quietly(() => authorityKeyIdentifier(certificate)?.keyIdentifier);
      const held = quietly(() => subjectKeyIdentifier(issuer));
      return !wanted || !held || bytesEqual(wanted, held);
    });
  }

  timestampAuthority(signer: TimestampSigner): string | null | undefined {
    return this.#find("timestampAuthorities", ([leaf]) => {
      if (!leaf) return false;
      if (signer.kind === "issuer-and-serial") {
        const { issuer, serialNumber } = signer;
        return bytesEqual(leaf.issuer, issuer) && bytesEqual(leaf.serialNumber, serialNumber);
      }
      const held = quietly(() => subjectKeyIdentifier(leaf));
      return held !== undefined && bytesEqual(held, signer.subjectKeyIdentifier);
    });
  }

  #find(
    kind: "certificateAuthorities" | "timestampAuthorities",
    matches: (certificates: readonly Certificate[]) => boolean,
  ): string | null | undefined {
    if (!this.#root) return undefined;
    const found = this.#root[kind].find(({ certificates }) => matches(certificates));
    return found ? titleOf(found) : null;
  }
}

function urlOf(logs: readonly TransparencyLog[], logId: Uint8Array): string | null {
  const found = logs.find((log) => bytesEqual(log.logId, logId));
  return found ? found.baseUrl : null;
}

function titleOf({ uri, commonName, organization }: CertificateAuthority): string {
  return uri || commonName || organization;
}

/** An extension that cannot be read names nobody. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof FormatError) return undefined;
    throw cause;
  }
}
