// SPDX-License-Identifier: Apache-2.0
import type { Algorithm, PublicKey } from "@chancery/formats/crypto";
import { type FailOpen, failOpenChecks } from "./evidence.ts";

/** What a signature must show to be accepted. */
export interface Policy {
  readonly signer: KeyPolicy | IdentityPolicy;
  /**
   * Logs of distinct operators that must vouch for the signature. Entries that are present must
   * verify whatever the number. Default 1.
   */
  readonly logThreshold?: number;
  /** Timestamp authorities, counted alike. Timestamps that are present must verify. Default 0. */
  readonly timestampThreshold?: number;
  /** CT logs, counted alike, that must vouch for a certificate. Default 1; none for keys. */
  readonly sctThreshold?: number;
  /**
   * Take `now` for the signing time where nothing vouches for another, so that a certificate is
   * accepted while it is valid. Default false.
   */
  readonly allowCurrentTime?: boolean;
  /** The type an attestation must have. */
  readonly predicateType?: string;
  /** What may fail without a refusal. Only where the policy names a key. Default: nothing. */
  readonly failOpen?: FailOpen;
}

/**
 * Signed with a key that the verifier has. It may stand in the bundle's certificate, which then has
 * to hold like any other.
 */
export interface KeyPolicy {
  readonly kind: "key";
  readonly key: PublicKey;
  /** The only algorithm to accept. Default: the key's own, and those that old data uses. */
  readonly algorithm?: Algorithm;
  /** When the key was in use, both ends inclusive: there must be a time, and each lie inside. */
  readonly validFor?: { readonly start: Date; readonly end?: Date };
  /** Demands a certificate over the key: level `certified`. Default false. */
  readonly certified?: boolean;
  /** Whom that certificate must be of; demands one, too. */
  readonly identity?: CertifiedIdentity;
}

/** Signed with a certificate of the given identity. */
export interface IdentityPolicy extends CertifiedIdentity {
  readonly kind: "identity";
}

/** Whom a certificate must be of. */
export interface CertifiedIdentity {
  /** The subject alternative name: an e-mail address, a URI, a user name. */
  readonly identity: StringMatcher;
  /** The OpenID Connect issuer that vouched for it. */
  readonly issuer: StringMatcher;
  /** Claims of the certificate by name (`fulcioClaims`), compared exactly. */
  readonly claims?: Readonly<Record<string, string>>;
}

/**
 * How a text is compared: exactly, or with a regular expression that must match from its first
 * character to its last, whether or not it says so.
 */
export type StringMatcher = { readonly exact: string } | { readonly pattern: string };

/** Longest text that an expression is run on: identities are attacker-chosen. */
const patternTextMax = 2048;

/**
 * Whether the text is what the matcher asks for. An expression whose backtracking explodes does so
 * here, too: run it on texts that a trusted authority has vouched for only.
 * @throws SyntaxError for a malformed expression
 */
export function matches(matcher: StringMatcher, text: string): boolean {
  if ("exact" in matcher) return matcher.exact === text;
  const expression = compile(matcher.pattern);
  return text.length <= patternTextMax && expression.test(text);
}

/** Whether the policy compares with an expression. */
export function usesPatterns({ identity, issuer }: CertifiedIdentity): boolean {
  return "pattern" in identity || "pattern" in issuer;
}

/** Whom the policy wants a certificate to be of, if anybody. */
export function wantedIdentity({ signer }: Policy): CertifiedIdentity | undefined {
  return signer.kind === "identity" ? signer : signer.identity;
}

/**
 * Refuses a policy that could not be meant: a threshold that is no count would pass silently.
 * @param now of the verification.
 * @throws RangeError | SyntaxError: the caller's own mistake
 */
export function assertPolicy(policy: Policy, now: Date | undefined): void {
  const { logThreshold, timestampThreshold, sctThreshold, failOpen } = policy;
  for (const threshold of [logThreshold, timestampThreshold, sctThreshold]) {
    if (threshold === undefined || (Number.isSafeInteger(threshold) && threshold >= 0)) continue;
    throw new RangeError(`the threshold ${threshold} is not a count`);
  }
  if (failOpen) assertFailOpen(failOpen, policy, now);
  const wanted = wantedIdentity(policy);
  for (const matcher of wanted ? [wanted.identity, wanted.issuer] : []) {
    if ("pattern" in matcher) compile(matcher.pattern);
  }
}

function assertFailOpen(
  { checks, until }: FailOpen,
  { signer }: Policy,
  now: Date | undefined,
): void {
  if (signer.kind !== "key") {
    throw new RangeError("without a key in the policy nothing is left when checks fail open");
  }
  const other = checks.find((name) => !failOpenChecks.includes(name));
  if (other !== undefined) throw new RangeError(`the check ${other} cannot fail open`);
  if (until === undefined) return;
  if (Number.isNaN(until.getTime())) throw new RangeError("until is an invalid Date");
  if (!now) throw new RangeError("failing open until some time takes now");
}

function compile(pattern: string): RegExp {
  // Alone first: `a)|(?:b` is only an expression within the parentheses, and breaks out of them.
  void new RegExp(pattern, "u");
  return new RegExp(`^(?:${pattern})$`, "u");
}

/** The matcher in words. */
export function describeMatcher(matcher: StringMatcher): string {
  return "exact" in matcher ? matcher.exact : `/${matcher.pattern}/`;
}
