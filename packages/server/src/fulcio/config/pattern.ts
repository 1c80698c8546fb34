// SPDX-License-Identifier: Apache-2.0

/** Longest issuer URL that is looked at. */
export const issuerUrlCharsMax = 2048;

const wildcardCharacter = /^[-_a-zA-Z0-9]$/;

/**
 * Whether a URL is one of a meta issuer's: each `*` of the pattern stands for one or more letters,
 * digits, `-` and `_`, everything else for itself, from the first character to the last.
 *
 * Takes time by pattern and URL multiplied, whatever they hold: the URL is the client's.
 */
export function matchesPattern(pattern: string, url: string): boolean {
  if (url.length > issuerUrlCharsMax) return false;
  // reached[i]: the part of the pattern so far can end before character i of the URL.
  let reached = new Uint8Array(url.length + 1);
  reached[0] = 1;
  for (const part of pattern) {
    const next = new Uint8Array(url.length + 1);
    for (let i = 0; i < url.length; i++) {
      const character = url[i] as string;
      if (part !== "*") next[i + 1] = reached[i] && character === part ? 1 : 0;
      else if (wildcardCharacter.test(character)) next[i + 1] = reached[i] || next[i] ? 1 : 0;
    }
    reached = next;
  }
  return reached[url.length] === 1;
}
