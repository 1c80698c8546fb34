// SPDX-License-Identifier: Apache-2.0
import { algorithmByName, type PublicKey } from "@chancery/formats/crypto";
import { generatePrivateKey, messageSigner, randomBytes } from "@chancery/formats/crypto/node";
import {
  type Certificate,
  encodeName,
  makeIntermediateCertificate,
  makeRootCertificate,
} from "@chancery/formats/x509";

/** Of the keys that are made: fast, and known to every client. */
export const authorityAlgorithm = "PKIX_ECDSA_P256_SHA_256";

const years = 10;
/** Most characters of an organization (RFC 5280 §A.1). */
const organizationCharactersMax = 64;

/**
 * Makes a chain for a key that issues certificates: root and intermediate, for ten years. The key
 * of the root is made here, used once, and forgotten: whoever takes over the service cannot issue
 * in its name, and a new intermediate means a new root.
 *
 * @param organization who runs the authority; cut at 64 characters.
 * @returns intermediate, root
 */
export async function makeAuthorityChain(
  publicKey: PublicKey,
  organization: string,
  now: Date,
): Promise<readonly [Certificate, Certificate]> {
  const rootSigner = messageSigner(generatePrivateKey(algorithmByName(authorityAlgorithm)));
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + years);
  const describe = (name: string) => ({
    serialNumber: newSerialNumber(),
    subject: encodeName([
      ["O", organization.slice(0, organizationCharactersMax)],
      ["CN", name],
    ]),
    notBefore: now,
    notAfter,
  });
  const root = await makeRootCertificate(describe("Certificate authority root"), rootSigner);
  const intermediate = await makeIntermediateCertificate(
    { ...describe("Certificate authority intermediate"), publicKey, usage: "code-signing" },
    { certificate: root, signer: rootSigner },
  );
  return [intermediate, root];
}

/** 158 random bits, positive and of 20 octets. */
export function newSerialNumber(): Uint8Array {
  const bytes = randomBytes(20);
  return bytes.with(0, ((bytes[0] as number) & 0x3f) | 0x40);
}
