// SPDX-License-Identifier: Apache-2.0
import {
  algorithmByName,
  type MessageSigner,
  type PublicKey,
  publicKeysEqual,
} from "@chancery/formats/crypto";
import { generatePrivateKey, messageSigner, randomBytes } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import {
  basicConstraints,
  type Certificate,
  encodeName,
  extendedKeyUsage,
  keyPurposes,
  keyUsage,
  makeIntermediateCertificate,
  makeRootCertificate,
  makeTimestampingCertificate,
  PathError,
  prepareIssuers,
  verifyLeaf,
} from "@chancery/formats/x509";

/** Why a chain cannot be an authority's. */
export class TimestampChainError extends Error {
  override readonly name = "TimestampChainError";
}

/** When all certificates of a chain are valid. */
export interface ChainValidity {
  readonly notBefore: Date;
  /** Itself included. */
  readonly notAfter: Date;
}

/**
 * Checks that a chain is one that clients accept: the leaf that signs first, with the one critical
 * purpose timeStamping, then CAs, the root last; each issued by the next, and the intermediates for
 * timestamps.
 *
 * @param anyIntermediate takes intermediates that state no purpose.
 * @returns when all of them are valid; whether it is now is asked before each timestamp.
 * @throws TimestampChainError saying what is wrong
 */
export function checkTimestampChain(
  chain: readonly Certificate[],
  signingKey: PublicKey,
  anyIntermediate = false,
): ChainValidity {
  const [leaf, ...issuers] = chain;
  if (!leaf || issuers.length === 0) {
    throw new TimestampChainError("the chain must hold the leaf that signs, and its issuers");
  }
  if (!publicKeysEqual(leaf.publicKey, signingKey)) {
    throw new TimestampChainError(
      "the first certificate of the chain is not that of the signing key",
    );
  }
  const notBefore = new Date(Math.max(...chain.map((one) => one.notBefore.getTime())));
  const notAfter = new Date(Math.min(...chain.map((one) => one.notAfter.getTime())));
  try {
    checkLeaf(leaf);
    for (const intermediate of anyIntermediate ? [] : issuers.slice(0, -1)) {
      if (extendedKeyUsage(intermediate)?.purposes.includes(keyPurposes.timeStamping)) continue;
      throw new TimestampChainError("an intermediate certificate is not for timeStamping");
    }
    verifyLeaf(leaf, prepareIssuers(issuers), notBefore, "time-stamping");
  } catch (cause) {
    if (!(cause instanceof PathError) && !(cause instanceof FormatError)) throw cause;
    throw new TimestampChainError(`the chain does not hold together: ${cause.message}`, { cause });
  }
  return { notBefore, notAfter };
}

/** RFC 3161 §2.3. */
function checkLeaf(leaf: Certificate): void {
  if (basicConstraints(leaf)?.ca) {
    throw new TimestampChainError("the first certificate of the chain is a CA's");
  }
  const usage = extendedKeyUsage(leaf);
  const [purpose, ...others] = usage?.purposes ?? [];
  if (!usage?.critical || purpose !== keyPurposes.timeStamping || others.length > 0) {
    throw new TimestampChainError(
      "the leaf's extended key usage must be critical, and timeStamping alone",
    );
  }
  if (keyUsage(leaf)?.has("digitalSignature") === false) {
    throw new TimestampChainError("the leaf's key usage is not digitalSignature");
  }
}

const issuerYears = 10;
const leafYears = 9;
const caAlgorithm = "PKIX_ECDSA_P256_SHA_256";
/** Most characters of an organization (RFC 5280 §A.1). */
const organizationCharactersMax = 64;

/**
 * Makes a chain for a key that signs timestamps: root and intermediate for ten years, leaf for
 * nine. The keys of the two CAs are made here, used once, and forgotten: whoever takes over the
 * service cannot issue in their names, and a new leaf means a new chain.
 *
 * @param organization who runs the authority; cut at 64 characters.
 * @returns leaf, intermediate, root
 */
export async function makeTimestampChain(
  publicKey: PublicKey,
  organization: string,
  now: Date,
): Promise<readonly [Certificate, Certificate, Certificate]> {
  const [rootSigner, middleSigner] = [newSigner(), newSigner()];
  const describe = (name: string, years: number) => ({
    serialNumber: newSerialNumber(),
    subject: encodeName([
      ["O", organization.slice(0, organizationCharactersMax)],
      ["CN", name],
    ]),
    notBefore: now,
    notAfter: yearsAfter(now, years),
  });
  const root = await makeRootCertificate(
    describe("Timestamp authority root", issuerYears),
    rootSigner,
  );
  const middle = await makeIntermediateCertificate(
    {
      ...describe("Timestamp authority intermediate", issuerYears),
      publicKey: middleSigner.publicKey,
      usage: "time-stamping",
    },
    { certificate: root, signer: rootSigner },
  );
  const leaf = await makeTimestampingCertificate(
    { ...describe("Timestamp authority", leafYears), publicKey },
    { certificate: middle, signer: middleSigner },
  );
  return [leaf, middle, root];
}

function newSigner(): MessageSigner {
  return messageSigner(generatePrivateKey(algorithmByName(caAlgorithm)));
}

/** 158 random bits, positive and of 20 octets. */
function newSerialNumber(): Uint8Array {
  const bytes = randomBytes(20);
  return bytes.with(0, ((bytes[0] as number) & 0x3f) | 0x40);
}

function yearsAfter(time: Date, years: number): Date {
  const later = new Date(time);
  later.setUTCFullYear(later.getUTCFullYear() + years);
  return later;
}
