// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, utf8Bytes } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { checkLength, missing } from "./claims.ts";
import { shown, TokenError } from "./token-error.ts";

/** A URI in the parts that names are made of, each as it stands in the text. */
export interface UriParts {
  /** In lower case. */
  readonly scheme: string;
  /** User, host and port; undefined for URIs without `//`. */
  readonly authority: string | undefined;
  /** Host without port; IPv6 addresses in brackets. */
  readonly host: string | undefined;
  /** With its leading slash. */
  readonly path: string;
  /** With `?`, or empty. */
  readonly query: string;
  /** With `#`, or empty. */
  readonly fragment: string;
}

const parts = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/s;
/** A host as it is written in certificates: no user, no escapes, no other alphabets. */
const authorityPattern = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?$/;

/** @returns undefined where the text is no URI with a scheme, or has a user or odd host. */
export function parseUri(text: string): UriParts | undefined {
  const [, scheme, authority, path = "", query = "", fragment = ""] = parts.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  if (authority === undefined && path === "") return undefined;
  const host = authority === undefined ? undefined : authorityPattern.exec(authority)?.[1];
  if (authority !== undefined && host === undefined) return undefined;
  return { scheme: scheme.toLowerCase(), authority, host, path, query, fragment };
}

/** What RFC 3986 lets stand in a URI as it is. */
const uriText = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/;

/** Whether a text is a URI as it stands: nothing in it would have to be escaped. */
export function isPlainUri(text: string): boolean {
  return uriText.test(text) && !/%(?![0-9A-Fa-f]{2})/.test(text) && parseUri(text) !== undefined;
}

/** Octets that a path, and a fragment, may have without being escaped. */
const pathKept = /^[A-Za-z0-9\-_.~$&+,/:;=@]$/;
const fragmentKept = /^[A-Za-z0-9\-_.~$&+,/:;=@?!()*]$/;
/** Octets that stay as they are where whoever wrote the URI had escaped the rest. */
const pathWritten = /^(?:[A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]]|%[0-9A-Fa-f]{2})*$/;
const fragmentWritten = /^(?:[A-Za-z0-9\-_.~$&+,/:;=@?!'()*[\]]|%[0-9A-Fa-f]{2})*$/;

/**
 * A URI made of claims as Fulcio writes it into the subject alternative name: scheme in lower case,
 * what cannot stand in path and fragment escaped. A path that needs no escaping stays as it is.
 *
 * @param claim what the error calls it
 * @throws TokenError `claim-invalid` for what is no URI, has a user, or a host that is none;
 *   `claim-missing` where it is empty; `too-large`
 */
export function normalizeUri(text: string, claim: string): string {
  if (text === "") missing(claim);
  checkLength(text, claim);
  const uri = parseUri(text) ?? refuse(text, claim);
  return printUri(uri, text, claim);
}

/**
 * A URI below another, its segments taken from claims that may hold several: `/` once between each
 * two, whatever cannot stand in a path escaped, `?` and `#` included.
 *
 * @param base with scheme and host
 * @throws TokenError `claim-invalid` where a claim leads upward, or is no path; `too-large`
 */
export function joinUri(base: string, segments: readonly string[], claim: string): string {
  const names = segments.flatMap((segment) => segment.split("/")).filter((name) => name !== "");
  if (names.some((name) => name === "." || name === "..")) {
    const message = `${claim} makes a path with . or .., which names nothing`;
    throw new TokenError("claim-invalid", message, { claim });
  }
  const uri = parseUri(base) ?? refuse(base, claim);
  const path = [uri.path.replace(/\/+$/, ""), ...names].join("/");
  checkLength(path, claim);
  return printUri({ ...uri, path }, path, claim);
}

function printUri(uri: UriParts, text: string, claim: string): string {
  const path = escaped(uri.path, pathWritten, pathKept);
  const fragment = escaped(uri.fragment.slice(1), fragmentWritten, fragmentKept);
  const isWhole =
    !/\p{Cc}/u.test(text) &&
    path !== undefined &&
    fragment !== undefined &&
    /^[\x21-\x7e]*$/.test(uri.query) &&
    (uri.authority !== undefined || path === uri.path);
  if (!isWhole) refuse(text, claim);
  const authority = uri.authority === undefined ? "" : `//${uri.authority}`;
  const end = uri.fragment === "" ? "" : `#${fragment}`;
  const result = `${uri.scheme}:${authority}${path}${uri.query}${end}`;
  checkLength(result, claim);
  return result;
}

function refuse(text: string, claim: string): never {
  const message = `${claim} makes ${shown(text)}, which is no URI that can name a signer`;
  throw new TokenError("claim-invalid", message, { claim });
}

/** @returns undefined where an escape is none, or stands for no text. */
function escaped(text: string, written: RegExp, kept: RegExp): string | undefined {
  if (written.test(text)) return text;
  const bytes = unescape(text);
  if (!bytes) return undefined;
  let result = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    result += kept.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return result;
}

function unescape(text: string): Uint8Array | undefined {
  const bytes = utf8Bytes(text);
  const result = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    let byte = bytes[i] as number;
    if (byte === 0x25) {
      const digits = String.fromCharCode(bytes[i + 1] ?? 0, bytes[i + 2] ?? 0);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return undefined;
      byte = Number.parseInt(digits, 16);
      i += 2;
    }
    result[length++] = byte;
  }
  const text8 = result.subarray(0, length);
  return isText(text8) ? text8 : undefined;
}

function isText(bytes: Uint8Array): boolean {
  try {
    return !/\p{Cc}/u.test(decodeUtf8(bytes));
  } catch (cause) {
    if (cause instanceof FormatError) return false;
    throw cause;
  }
}
