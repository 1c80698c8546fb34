// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from "@chancery/formats/crypto";
import type { Certificate } from "@chancery/formats/x509";
import { SignError } from "../errors.ts";
import type { Signer } from "../signer/index.ts";
import type { CertificateService, IdentityProof } from "./certificate-service.ts";

export interface CertifyInput {
  /** Whose key is certified: a one-time key (`oneTimeSigner`), or one that its owner keeps. */
  readonly signer: Signer;
  readonly identity: IdentityProof;
  readonly authority: CertificateService;
}

/** A signer whose key is certified: its signatures go into bundles with the certificate. */
export interface CertifiedSigner extends Signer {
  readonly certificate: Certificate;
  /** The certificates above it, as the authority answered. */
  readonly issuers: readonly Certificate[];
}

/** RSA keys of other sizes are refused by Fulcio. */
const rsaModulusBits: readonly number[] = [2048, 3072, 4096];

/**
 * Has a signer's key certified for the holder of an identity token. The certificate lasts for
 * minutes, and may be used for as many signatures as are made in that time.
 *
 * The key proves itself by a signature over the identity's name. That is a signature like any
 * other: whoever holds it could show it as one over a file with these bytes. It goes to the
 * authority alone.
 *
 * @throws SignError `unsupported-key`, `service-…`, `certificate-mismatch`, `certificate-unproven`
 */
export async function certify({
  signer,
  identity,
  authority,
}: CertifyInput): Promise<CertifiedSigner> {
  const { publicKey } = signer;
  checkCertifiable(publicKey);
  const proof = await signer.prove(identity.challenge());
  const { leaf, issuers } = await authority.issue({ identity, publicKey, proof });
  return {
    publicKey,
    algorithm: signer.algorithm,
    sign: (message) => signer.sign(message),
    prove: (challenge) => signer.prove(challenge),
    certificate: leaf,
    issuers,
  };
}

function checkCertifiable(key: PublicKey): void {
  if (key.type !== "rsa" || rsaModulusBits.includes(key.modulusBits)) return;
  throw new SignError(
    "unsupported-key",
    `no certificate is issued over an RSA key of ${key.modulusBits} bits`,
    `use one of ${rsaModulusBits.join(", ")} bits, or another kind of key`,
  );
}
