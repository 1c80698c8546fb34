// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "@chancery/formats/bytes";
import type { PublicKey } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { encodeSct, encodeSctList } from "@chancery/formats/sct";
import {
  assembleCertificate,
  type Certificate,
  decodeCertificate,
  embedSctList,
  emptyName,
  encodeCertificatePem,
  extendedKeyUsageExtension,
  extensionOids,
  fulcioClaimExtensions,
  identityExtension,
  keyPurposes,
  keyUsageExtension,
  type NamedExtension,
  poisonExtension,
  signCertificate,
  subjectKeyIdentifierExtension,
  tbsWithoutExtension,
} from "@chancery/formats/x509";
import { type Authority, newSerialNumber } from "../ca/index.ts";
import type { Principal } from "../issuer/index.ts";
import { refusal } from "../refusal/index.ts";
import { logPrecertificate } from "./log-precertificate.ts";
import type { SctSource } from "./sct-source.ts";

/** What a leaf is to certify, and for how long. */
export interface LeafRequest {
  readonly principal: Pick<Principal, "san" | "extensions">;
  readonly publicKey: PublicKey;
  readonly now: Date;
  readonly lifetimeSeconds: number;
  /** How long before now it begins, for clients and logs whose clocks are behind. */
  readonly backdateSeconds: number;
}

/** A certificate that may leave. */
export interface IssuedCertificate {
  readonly certificate: Certificate;
  /** Leaf first, root last; no line break at the end. */
  readonly chainPem: readonly string[];
  /** Whether an SCT is in it; else it is in no log. */
  readonly isLogged: boolean;
}

/**
 * Issues a leaf by Fulcio's profile (docs/certificate-specification.md), with a subject key
 * identifier. With a log the leaf is signed twice: as a precertificate, which the log answers with
 * an SCT that is verified here, and then with the SCT as its last extension (RFC 6962 §3).
 *
 * Not checked: that the principal has the key.
 *
 * @param timeoutMs for the log's answer.
 * @throws FulcioRefusal `identity-not-writable` | `ct-refused` | `ct-unavailable` | `ca-failed`
 */
export async function issueCertificate(
  request: LeafRequest,
  authority: Authority,
  log: SctSource | undefined,
  timeoutMs: number,
): Promise<IssuedCertificate> {
  const validity = validityOf(request, authority);
  const extensions = leafExtensions(request, authority);
  const sign = async (added: readonly NamedExtension[]): Promise<Uint8Array> => {
    const tbs = {
      serialNumber: newSerialNumber(),
      issuer: authority.chain[0].subject,
      ...validity,
      subject: emptyName,
      publicKey: request.publicKey,
      extensions: [...extensions, ...added],
    };
    return signing(async () => signCertificate(tbs, authority.signer));
  };
  const der = log
    ? await embed(await sign([poisonExtension]), authority, log, timeoutMs)
    : await sign([]);
  const certificate = decodeCertificate(der);
  const leafPem = encodeCertificatePem(certificate).trimEnd();
  return {
    certificate,
    chainPem: [leafPem, ...authority.chainPem],
    isLogged: log !== undefined,
  };
}

/** Whole seconds, within the validity of the chain. */
function validityOf(
  { now, lifetimeSeconds, backdateSeconds }: LeafRequest,
  authority: Authority,
): { readonly notBefore: Date; readonly notAfter: Date } {
  const nowMs = Math.floor(now.getTime() / 1000) * 1000;
  const beganMs = authority.notBefore.getTime();
  const notBeforeMs = Math.max(beganMs, nowMs - 1000 * backdateSeconds);
  const notAfterMs = nowMs + 1000 * lifetimeSeconds;
  if (nowMs < beganMs || notAfterMs > authority.notAfter.getTime()) {
    const from = authority.notBefore.toISOString();
    const cause = new Error(
      `the authority is valid from ${from} to ${authority.notAfter.toISOString()}, ` +
        `which does not hold ${lifetimeSeconds} s from ${now.toISOString()}`,
    );
    throw refusal("ca-failed", { cause });
  }
  return { notBefore: new Date(notBeforeMs), notAfter: new Date(notAfterMs) };
}

const profile = [
  keyUsageExtension(["digitalSignature"]),
  extendedKeyUsageExtension({ critical: false, purposes: [keyPurposes.codeSigning] }),
] as const;

/** In the order in which Fulcio writes them; all but what concerns the log. */
function leafExtensions(
  { principal, publicKey }: LeafRequest,
  { authorityKeyIdentifier }: Authority,
): readonly NamedExtension[] {
  try {
    return [
      ...profile,
      subjectKeyIdentifierExtension(publicKey),
      authorityKeyIdentifier,
      identityExtension(principal.san),
      ...fulcioClaimExtensions(principal.extensions),
    ];
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw refusal("identity-not-writable", { text: cause.message, cause });
  }
}

/** The certificate that the precertificate promises, with the log's SCT in it. */
async function embed(
  precertificateDer: Uint8Array,
  { chain, issuerKeyHash, signer }: Authority,
  log: SctSource,
  timeoutMs: number,
): Promise<Uint8Array> {
  const precertificate = decodeCertificate(precertificateDer);
  const promised = tbsWithoutExtension(precertificate, extensionOids.precertificatePoison);
  const submitted = [precertificateDer, ...chain.map(({ der }) => der)];
  const submission = { chain: submitted, issuerKeyHash, tbs: promised };
  const sct = await logPrecertificate(submission, log, timeoutMs);
  const tbs = embedSctList(precertificate, encodeSctList([encodeSct(sct)]));
  const { scheme } = signer.algorithm;
  const der = await signing(async () => assembleCertificate(tbs, scheme, await signer.sign(tbs)));
  // What verifiers rebuild must be what the log signed, whatever went wrong in between.
  const rebuilt = tbsWithoutExtension(decodeCertificate(der), extensionOids.sctList);
  if (bytesEqual(rebuilt, promised)) return der;
  throw new Error("the certificate is not the one that its precertificate promised");
}

async function signing(sign: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await sign();
  } catch (cause) {
    throw refusal("ca-failed", { cause });
  }
}
