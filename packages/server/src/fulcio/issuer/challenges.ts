// SPDX-License-Identifier: Apache-2.0
import { emailClaim } from "../claims/index.ts";
import type { Principal, VerifiedToken } from "./types.ts";

/**
 * What holders of tokens without an e-mail identity may sign to prove that they have the key:
 * `sub`, or the token's e-mail address where the issuer says that it is verified.
 *
 * Fulcio takes `sub` alone. Its clients do not know an issuer's type, and sign the e-mail address
 * whenever a token has one: with machine tokens that carry one they always fail. So both are taken.
 *
 * That is safe because the proof names nobody: identity and extensions come from the token alone,
 * and a proof only shows that whoever holds this token also holds the key. What a proof must not be
 * is one that somebody else made for another token. A `sub` and a verified address are both the
 * issuer's word about the holder, so the holder could have made either; an address that is not
 * verified may be typed in by anyone, and would let its owner's proofs be taken for the holder's.
 * Hence it is never a challenge, and a token that has one is not refused either.
 */
export function subjectChallenges({ subject, claims }: VerifiedToken): Principal["challenges"] {
  const email = emailClaim(claims);
  if (!email?.verified || email.address === subject) return [subject];
  return [subject, email.address];
}
