// SPDX-License-Identifier: Apache-2.0
import type { Algorithm } from "@chancery/formats/crypto";
import type { Certificate } from "@chancery/formats/x509";
import { oneTimeSigner, type Signer } from "@chancery/sign";
import type { SigningFlags } from "../flags/index.ts";
import { type Invocation, printable, usageError } from "../framework/index.ts";
import { openKeySigner } from "../keys/index.ts";
import type { PlanNeeds, SigningPlan } from "./plan.ts";

/** Validity that a certificate must have left to sign one more file. */
const validityMsMin = 30_000;

/** Whom a certificate names, and who vouched for that. */
export interface CertifiedName {
  readonly identity: string;
  readonly issuer: string;
}

/** The signer for the next file: the same certificate for all while it lasts. */
export interface SignerSource {
  next(): Promise<Signer>;
}

export interface SignerOptions {
  readonly stdinTaken: boolean;
  readonly algorithm?: Algorithm | undefined;
  /** Where the key leaves a choice, sign over a digest: all that some logs can check. */
  readonly prehashed?: boolean;
}

/** @throws CliError where flags ask for a certificate in a way that makes none */
export function checkKeyFlags({
  flags: { key, issueCertificate, ...flags },
  report,
}: Pick<Invocation<SigningFlags>, "flags" | "report">): void {
  if (key === undefined && issueCertificate) {
    throw usageError(
      "--issue-certificate is over a key that you keep: pass it with --key",
      "without --key a one-time key is made, and always certified",
    );
  }
  if (key !== undefined && !issueCertificate && flags.identityToken !== undefined) {
    throw usageError(
      "--key signs by itself, and --identity-token is for certificates",
      "pass --issue-certificate to have the key certified, or leave --key away",
    );
  }
  if (key !== undefined && !issueCertificate && flags.fulcioUrl !== undefined) {
    report.warn("--fulcio-url is ignored: the key signs by itself, without --issue-certificate");
  }
}

/**
 * The signer of `--key`, or one with a one-time key, certified where the plan says so.
 * @throws CliError | SignError
 */
export async function openSigners(
  plan: SigningPlan,
  invocation: Invocation<SigningFlags>,
  options: SignerOptions,
): Promise<SignerSource> {
  const { flags, io } = invocation;
  const { key, passwordFile } = flags;
  const { authority } = plan;
  const signer =
    key === undefined
      ? oneTimeSigner(options.algorithm)
      : await openKeySigner({ io, reference: key, passwordFile, ...options });
  if (!authority) return { next: async () => signer };
  const { certify } = await import("@chancery/sign/fulcio");
  const { askIdentity } = await import("./identity.ts");
  const { token: identity } = await askIdentity(plan, invocation);
  let certified = await certify({ signer, identity, authority });
  await sayCertified(certified.certificate, invocation);
  return {
    next: async () => {
      const leftMs = certified.certificate.notAfter.getTime() - io.now().getTime();
      if (leftMs < validityMsMin) {
        certified = await certify({ signer, identity, authority });
        await sayCertified(certified.certificate, invocation);
      }
      return certified;
    },
  };
}

async function sayCertified(
  certificate: Certificate,
  { report }: Pick<PlanNeeds, "report">,
): Promise<void> {
  const { identity, issuer } = await nameOf(certificate);
  const until = certificate.notAfter.toISOString();
  report.say(`Certified as ${printable(identity)}, vouched for by ${printable(issuer)}`);
  report.detail(`the certificate ends at ${until}`);
}

/** @throws FormatError for a certificate that names nobody */
export async function nameOf(certificate: Certificate): Promise<CertifiedName> {
  const { fulcioClaims, signerIdentity } = await import("@chancery/formats/x509");
  const { issuer = "" } = fulcioClaims(certificate);
  return { identity: signerIdentity(certificate).value, issuer };
}
