// SPDX-License-Identifier: Apache-2.0
import {
  type CertifiedIdentity,
  failOpenChecks,
  type KeyPolicy,
  type Policy,
  type StringMatcher,
} from "@chancery/verify";
import { fulcioExtensions } from "@chancery/formats/x509";
import type { VerificationFlags } from "../flags/index.ts";
import { type Io, usageError } from "../framework/index.ts";
import { openPublicKey, readAlgorithm } from "../keys/index.ts";

/** Flags that say who must have signed, other than by key. */
const identityFlags = [
  "certificateIdentity",
  "certificateIdentityRegexp",
  "certificateOidcIssuer",
  "certificateOidcIssuerRegexp",
  "certificateGithubWorkflowTrigger",
  "certificateGithubWorkflowSha",
  "certificateGithubWorkflowName",
  "certificateGithubWorkflowRepository",
  "certificateGithubWorkflowRef",
] as const satisfies readonly (keyof VerificationFlags)[];

/** Claims that have their own flag. */
const claimFlags = [
  ["certificateGithubWorkflowTrigger", "githubWorkflowTrigger"],
  ["certificateGithubWorkflowSha", "githubWorkflowSHA"],
  ["certificateGithubWorkflowName", "githubWorkflowName"],
  ["certificateGithubWorkflowRepository", "githubWorkflowRepository"],
  ["certificateGithubWorkflowRef", "githubWorkflowRef"],
] as const;

/**
 * The policy that the flags state: a key, or an identity and who vouched for it, or both where a
 * certificate must be over that key; a log entry unless that is waived.
 * @throws CliError where the flags state none
 */
export async function readPolicy(flags: VerificationFlags, io: Io): Promise<Policy> {
  const usesIdentity =
    identityFlags.some((name) => flags[name] !== undefined) || flags.certificateClaim.length > 0;
  const identity = usesIdentity || flags.key === undefined ? readIdentity(flags) : undefined;
  const signer: Policy["signer"] =
    flags.key === undefined
      ? { kind: "identity", ...(identity as CertifiedIdentity) }
      : await readKey(flags, identity, io);
  const unlogged = readUnlogged(flags, signer.kind);
  return {
    signer,
    logThreshold: unlogged ? 0 : 1,
    timestampThreshold: flags.useSignedTimestamps ? 1 : 0,
    sctThreshold: flags.insecureIgnoreSct ? 0 : 1,
    allowCurrentTime: unlogged && signer.kind === "identity" && !flags.useSignedTimestamps,
    ...readFailOpen(flags),
  };
}

async function readKey(
  flags: VerificationFlags,
  identity: CertifiedIdentity | undefined,
  io: Io,
): Promise<KeyPolicy> {
  const { signingAlgorithm } = flags;
  const algorithm =
    signingAlgorithm === undefined
      ? undefined
      : readAlgorithm(signingAlgorithm, "--signing-algorithm");
  const key = await openPublicKey(io, flags.key as string, flags.offline);
  return {
    kind: "key",
    key,
    certified: flags.level === "certified",
    ...(algorithm ? { algorithm } : {}),
    ...(identity ? { identity } : {}),
  };
}

/** A day without a time lasts until its end, by UTC. */
const datePattern = /^\d{4}-\d{2}-\d{2}$/;

function readFailOpen(flags: VerificationFlags): Pick<Policy, "failOpen"> {
  const { failOpen, failOpenUntil: text } = flags;
  if (!failOpen && text === undefined) return {};
  if (flags.key === undefined) {
    throw usageError(
      "--fail-open is for keys: without one nothing would be left to refuse",
      "pass --key FILE, or leave --fail-open away",
    );
  }
  if (text === undefined) return { failOpen: { checks: failOpenChecks } };
  const until = new Date(datePattern.test(text) ? `${text}T23:59:59.999Z` : text);
  const known = datePattern.test(text) || /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text);
  if (!known || Number.isNaN(until.getTime())) {
    const hint = "a day such as 2030-12-31, or a time such as 2030-12-31T12:00:00Z";
    throw usageError(`--fail-open-until is ${JSON.stringify(text)}, which is no date`, hint);
  }
  return { failOpen: { checks: failOpenChecks, until } };
}

function readIdentity(flags: VerificationFlags): CertifiedIdentity {
  const identity = matcher(
    flags.certificateIdentity,
    flags.certificateIdentityRegexp,
    "--certificate-identity",
  );
  const issuer = matcher(
    flags.certificateOidcIssuer,
    flags.certificateOidcIssuerRegexp,
    "--certificate-oidc-issuer",
  );
  if (!identity && !issuer && flags.key !== undefined) {
    throw usageError(
      "claims are demanded of a certificate, and not whose it must be",
      "pass --certificate-identity NAME with --certificate-oidc-issuer URL, too",
    );
  }
  if (!identity && !issuer) {
    throw usageError(
      "nothing says who must have signed",
      "pass --key FILE, or --certificate-identity NAME with --certificate-oidc-issuer URL",
    );
  }
  if (!identity) {
    const hint = "pass --certificate-identity NAME, or --certificate-identity-regexp";
    throw usageError("--certificate-oidc-issuer is given without an identity", hint);
  }
  if (!issuer) {
    const hint = "pass --certificate-oidc-issuer URL, or --certificate-oidc-issuer-regexp";
    throw usageError("--certificate-identity is given without an issuer", hint);
  }
  if (flags.signingAlgorithm !== undefined && flags.key === undefined) {
    throw usageError("--signing-algorithm goes with --key", "certificates say their algorithm");
  }
  const claims = readClaims(flags);
  const hasClaims = Object.keys(claims).length > 0;
  return { identity, issuer, ...(hasClaims ? { claims } : {}) };
}

function matcher(
  exact: string | undefined,
  pattern: string | undefined,
  name: string,
): StringMatcher | undefined {
  if (exact !== undefined && pattern !== undefined) {
    throw usageError(`${name} and ${name}-regexp exclude each other`, `pass one of them`);
  }
  if (exact !== undefined) return { exact };
  if (pattern === undefined) return undefined;
  try {
    new RegExp(pattern, "u");
  } catch (error) {
    const hint = "JavaScript's expressions; (?i:…) ignores case";
    throw usageError(`${name}-regexp: ${(error as Error).message}`, hint);
  }
  return { pattern };
}

function readClaims(flags: VerificationFlags): Record<string, string> {
  const claims: Record<string, string> = {};
  for (const [flag, claim] of claimFlags) {
    const value = flags[flag];
    if (value !== undefined) claims[claim] = value;
  }
  for (const text of flags.certificateClaim) {
    const equals = text.indexOf("=");
    const name = text.slice(0, Math.max(equals, 0));
    const known = fulcioExtensions.find(
      (extension) => extension.oid === name || extension.name.toLowerCase() === name.toLowerCase(),
    );
    if (!known) {
      const names = fulcioExtensions.map((extension) => extension.name).join(", ");
      const shown = JSON.stringify(equals === -1 ? text : name);
      throw usageError(
        `--certificate-claim: ${shown} is no NAME=VALUE of a claim`,
        `one of ${names}`,
      );
    }
    const value = text.slice(equals + 1);
    if (claims[known.name] !== undefined && claims[known.name] !== value) {
      throw usageError(`two values are demanded of the claim ${known.name}`);
    }
    claims[known.name] = value;
  }
  return claims;
}

/** Whether a signature without log entry is accepted. */
function readUnlogged(flags: VerificationFlags, signer: "key" | "identity"): boolean {
  const { level } = flags;
  const waived = flags.insecureIgnoreTlog || flags.privateInfrastructure;
  if (level === undefined) return waived;
  if (level !== "keyed" && waived) {
    throw usageError(
      `--level ${level} demands a log entry, --insecure-ignore-tlog waives it`,
      "leave one of them away",
    );
  }
  if (level === "keyless" && signer === "key") {
    throw usageError(
      "--level keyless is about one-time keys, --key names one that is kept",
      "leave --key away, or pass --level certified",
    );
  }
  if (level === "keyed" && signer === "identity") {
    throw usageError("--level keyed is about keys", "pass --key FILE, or leave --level away");
  }
  return level === "keyed";
}
