// SPDX-License-Identifier: Apache-2.0

/** Of RFC 5321 §4.5.3.1; the address as a whole fits a forward path. */
const [localCharsMax, addressCharsMax] = [64, 254];

const local = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/**
 * Whether a text is an e-mail address that an rfc822Name can hold: ASCII, a dot-atom before the @
 * and a domain with a dot after it. Quoted local parts, comments and address literals are none.
 */
export function isEmailAddress(text: string): boolean {
  if (text.length > addressCharsMax) return false;
  const at = text.lastIndexOf("@");
  const [name, domain] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (name.length > localCharsMax || !local.test(name)) return false;
  const labels = domain.split(".");
  return labels.length >= 2 && labels.every((part) => label.test(part));
}

/**
 * Whether people, or another verifier, may read a text as an e-mail address. Wider than
 * {@link isEmailAddress}, for subjects that must not pass for one.
 */
export function looksLikeEmailAddress(text: string): boolean {
  return /^[^/]*@[^/]*$/.test(text);
}
