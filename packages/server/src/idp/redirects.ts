// SPDX-License-Identifier: Apache-2.0

/** Where a client without a server of its own has the code shown instead (out of band). */
export const outOfBandUri = "urn:ietf:wg:oauth:2.0:oob";

/** `http` to this computer by one of three names, as it is written: a port and a path if any. */
const loopbackPattern =
  /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::([0-9]{1,5}))?(?:[/?][\x21-\x22\x24-\x7e]*)?$/;

/** In characters. */
const uriLengthMax = 2048;

/**
 * Whether a public client may have its codes sent there: to any port and path of this computer
 * (RFC 8252 §7.3), or shown on a page.
 *
 * The text itself is matched, not what a URL parser makes of it, so that nothing depends on how
 * the next parser reads user names, backslashes, numbers for addresses, or tabs. Fragments are
 * refused (RFC 6749 §3.1.2).
 */
export function isPublicClientRedirect(uri: string): boolean {
  if (uri === outOfBandUri) return true;
  if (uri.length > uriLengthMax) return false;
  const match = loopbackPattern.exec(uri);
  return match !== null && Number(match[1] ?? 80) <= 65_535 && URL.canParse(uri);
}

/** Whether a host name or address is this computer's alone. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return (
    bare === "localhost" ||
    bare === "::1" ||
    /^(?:::ffff:)?127(?:\.(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}$/.test(bare)
  );
}
