// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from "@chancery/formats/bundle";
import { encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { type PublicKey, publicKeysEqual, sha256 } from "@chancery/formats/crypto";
import type { LoggedVerifier } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import {
  basicConstraints,
  type Certificate,
  decodeCertificate,
  extensionOids,
} from "@chancery/formats/x509";
import { type CertificateIdentity, isSelfIssued, readIdentity } from "./checks/index.ts";
import type { EvidenceBuilder, Signer } from "./evidence.ts";
import type { KeyPolicy, Policy } from "./policy.ts";

/** The key a signature is checked with, and the certificate it came in. */
export interface SignerMaterial {
  readonly key: PublicKey;
  readonly certificate?: Certificate;
  /** What the certificate says of its holder. */
  readonly identity?: CertificateIdentity;
  readonly verifier: LoggedVerifier;
}

/**
 * Whose signature it is: the policy's key, or the one in the bundle's certificate. A certificate
 * over the policy's key is taken where it is for signing at all; whether it holds is another check.
 */
export function readSigner(
  bundle: Bundle,
  policy: Policy,
  evidence: EvidenceBuilder,
): SignerMaterial | undefined {
  const { keyMaterial } = bundle;
  const { signer } = policy;
  if (keyMaterial.kind === "publicKey") {
    if (signer.kind === "key") return readKeySigner(bundle, signer, keyMaterial.hint, evidence);
    return evidence.fail("signer", "key-not-given", "the bundle was made with a key", {
      hint: keyMaterial.hint,
    });
  }
  const [leaf, ...others] =
    keyMaterial.kind === "chain" ? keyMaterial.certificates : [keyMaterial.certificate];
  let certificate: Certificate;
  try {
    certificate = decodeCertificate(leaf as Uint8Array);
    if (others.some((der) => isSelfIssued(decodeCertificate(der)))) {
      const message = "the bundle's chain brings a root certificate";
      return evidence.fail("signer", "certificate-chain-contains-root", message);
    }
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    return evidence.fail("signer", "certificate-malformed", cause.message);
  }
  const identity = readIdentity(certificate);
  evidence.signer = describeCertificate(certificate, identity);
  if (signer.kind === "key") {
    if (!publicKeysEqual(signer.key, certificate.publicKey)) {
      const message = "the bundle holds a certificate over another key than the policy's";
      const values = {
        certificate: encodeHex(sha256(certificate.publicKey.spki)),
        policy: encodeHex(sha256(signer.key.spki)),
      };
      return evidence.fail("signer", "key-given-for-certificate", message, values);
    }
    if (isForCertificates(certificate)) {
      const message = "the bundle's certificate is for signing certificates, or never was valid";
      return evidence.fail("signer", "certificate-unfit", message);
    }
    evidence.pinned = true;
  }
  evidence.pass("signer", "the bundle holds the signer's certificate");
  const verifier = { kind: "certificate", certificate: certificate.der } as const;
  return { key: certificate.publicKey, certificate, identity, verifier };
}

function readKeySigner(
  bundle: Bundle,
  { key, certified = false, identity }: KeyPolicy,
  hint: string,
  evidence: EvidenceBuilder,
): SignerMaterial | undefined {
  const keyId = sha256(key.spki);
  evidence.signer = { kind: "key", keySha256: encodeHex(keyId) };
  const { content } = bundle;
  const keyid = content.kind === "envelope" ? content.envelope.signatures[0]?.keyid : undefined;
  if (keyid !== undefined && hint !== "" && keyid !== hint) {
    const message = "the envelope's keyid and the bundle's hint differ";
    return evidence.fail("signer", "key-hint-mismatch", message, { keyid, hint });
  }
  // Other hints than the recommended one name a key in a way only its owner knows: no reason to
  // refuse. One that has the recommended form and differs names another key.
  const recommended = /^[A-Za-z0-9+/]{43}=$/.test(hint);
  if (recommended && hint !== encodeBase64(keyId)) {
    const values = { hint, key: encodeBase64(keyId) };
    return evidence.fail("signer", "key-hint-mismatch", "the bundle names another key", values);
  }
  if (certified || identity) {
    const message = "the bundle was made with the key alone, and holds no certificate";
    return evidence.fail("signer", "certificate-missing", message);
  }
  evidence.pass("signer", "the policy's key is the signer's");
  return { key, verifier: { kind: "publicKey", key } };
}

/** A CA's own certificate, or a precertificate (RFC 6962 §3.1), which nobody may sign with. */
function isForCertificates(certificate: Certificate): boolean {
  try {
    return (
      basicConstraints(certificate)?.ca === true ||
      certificate.extensions.has(extensionOids.precertificatePoison)
    );
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    return true;
  }
}

function describeCertificate(
  certificate: Certificate,
  { identity, claims }: CertificateIdentity,
): Signer {
  return {
    kind: "certificate",
    ...(identity ? { identity: identity.value, identityKind: identity.kind } : {}),
    ...(claims?.issuer === undefined ? {} : { issuer: claims.issuer }),
    claims: { ...claims?.claims },
    keySha256: encodeHex(sha256(certificate.publicKey.spki)),
    certificateSha256: encodeHex(sha256(certificate.der)),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
  };
}
