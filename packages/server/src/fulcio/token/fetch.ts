// SPDX-License-Identifier: Apache-2.0
import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { type IncomingMessage, request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { getCACertificates } from "node:tls";
import { concatBytes } from "@chancery/formats/bytes";
import { TokenError } from "../claims/index.ts";
import { isInternalAddress } from "./address.ts";

/** Finds the addresses of a host. */
export type Resolve = (
  hostname: string,
  callback: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

/** Where may be asked, and how. */
export interface FetchPolicy {
  /** `host:port`, or `host` for all its ports, that may be at internal addresses. */
  readonly internalHosts: ReadonlySet<string>;
  /** Whether http will do. */
  readonly plainHttp: boolean;
  /** PEM, beside the authorities that Node trusts. */
  readonly ca: string | undefined;
  /** Sent to this host only. */
  readonly bearer: { readonly host: string; readonly token: string } | undefined;
  /** Default: the system's resolver. */
  readonly resolve: Resolve | undefined;
}

/** What one document may cost. */
export interface FetchLimits {
  readonly bodySizeBytesMax: number;
  /** Attempts in all, the first one included; only what may pass is tried again. */
  readonly attemptsMax: number;
  readonly backoffMs: number;
}

const redirectsMax = 3;
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Gets a document of an issuer: bounded in time by the signal, in size and in attempts by limits.
 *
 * Whoever writes tokens, or answers for a name of a wildcard, chooses what is asked here. So the
 * address that is connected to is looked at, not the name: it must be public unless the host was
 * configured; redirections stay on the host, and never leave https.
 *
 * @param what is asked for, in messages
 * @throws TokenError `issuer-unreachable` | `issuer-malformed` | `issuer-address-refused`
 */
export async function fetchDocument(
  url: URL,
  what: string,
  policy: FetchPolicy,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await followRedirects(url, what, policy, limits, signal);
    } catch (cause) {
      if (!(cause instanceof TokenError)) throw cause;
      const ends = attempt >= limits.attemptsMax || signal.aborted;
      if (ends || cause.code !== "issuer-unreachable") throw cause;
    }
    await pause(limits.backoffMs * 2 ** (attempt - 1), signal);
  }
}

async function followRedirects(
  start: URL,
  what: string,
  policy: FetchPolicy,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<Uint8Array> {
  let url = start;
  for (let redirects = 0; redirects <= redirectsMax; redirects++) {
    checkUrl(url, what, policy);
    const response = await send(url, what, policy, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return await readBody(response, what, limits.bodySizeBytesMax);
    response.destroy();
    if (![301, 302, 303, 307, 308].includes(statusCode)) {
      const code = passing.has(statusCode) ? "issuer-unreachable" : "issuer-malformed";
      throw new TokenError(code, `${what} is answered with ${statusCode}`);
    }
    const target = URL.parse(headers.location ?? "", url.href);
    if (!target) throw new TokenError("issuer-malformed", `${what} leads to no place`);
    if (target.host !== url.host) throw refused(`${what} leads to another host`);
    if (target.protocol !== url.protocol && target.protocol !== "https:") {
      throw refused(`${what} leads away from https`);
    }
    url = target;
  }
  const message = `${what} leads on more than ${redirectsMax} times`;
  throw new TokenError("issuer-malformed", message);
}

function checkUrl(url: URL, what: string, policy: FetchPolicy): void {
  if (url.username !== "" || url.password !== "") {
    throw refused(`${what} is at a URL with a user or password`);
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && policy.plainHttp)) {
    throw refused(`${what} is not at an https URL`);
  }
  // Literal addresses are connected to without being looked up.
  const address = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0 && isInternalAddress(address) && !mayBeInternal(url, policy)) {
    throw internal(what);
  }
}

function mayBeInternal(url: URL, { internalHosts }: FetchPolicy): boolean {
  return internalHosts.has(url.hostname) || internalHosts.has(hostWithPort(url));
}

/** `host:port`, also where the port is the one of the scheme. */
export function hostWithPort({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`;
}

async function send(
  url: URL,
  what: string,
  policy: FetchPolicy,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const bearer = policy.bearer?.host === url.host ? policy.bearer.token : undefined;
  const options: RequestOptions & { ca?: string[] } = {
    agent: false,
    lookup: guardedLookup(what, mayBeInternal(url, policy), policy.resolve),
    maxHeaderSize: 16 << 10,
    signal,
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      "user-agent": "chancery",
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    ...(policy.ca === undefined ? {} : { ca: [...getCACertificates("default"), policy.ca] }),
  };
  return await new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(cause instanceof TokenError ? cause : unreachable(what, cause, signal));
    };
    const start = url.protocol === "https:" ? httpsRequest : httpRequest;
    try {
      start(url, options, resolve).on("error", fail).end();
    } catch (cause) {
      // Authorities that OpenSSL cannot read.
      if (!(cause instanceof Error)) throw cause;
      fail(cause);
    }
  });
}

/** Resolves a host and refuses it where any of its addresses is internal. */
function guardedLookup(
  what: string,
  mayBe: boolean,
  resolve: Resolve = systemResolve,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, (cause, addresses) => {
      const [first] = addresses;
      if (cause || !first) {
        callback(cause ?? new Error(`${hostname} has no address`), "");
      } else if (!mayBe && addresses.some(({ address }) => isInternalAddress(address))) {
        callback(internal(what), "");
      } else if (options.all) {
        callback(null, [...addresses]);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

const systemResolve: Resolve = (hostname, callback) => {
  systemLookup(hostname, { all: true }, (error, addresses) => {
    callback(error, error ? [] : addresses);
  });
};

async function readBody(
  response: IncomingMessage,
  what: string,
  sizeBytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > sizeBytesMax) {
        // Leaving the loop ends the connection: the rest is not read.
        throw new TokenError("issuer-malformed", `${what} has more than ${sizeBytesMax} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof TokenError || !(cause instanceof Error)) throw cause;
    throw unreachable(what, cause);
  }
  return concatBytes(...chunks);
}

async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(waitMs, undefined, { signal });
  } catch (cause) {
    if (!signal.aborted) throw cause;
    // The next attempt says that time is up.
  }
}

function refused(message: string): TokenError {
  return new TokenError("issuer-address-refused", message);
}

/** Says to clients neither which address nor who has it. */
function internal(what: string): TokenError {
  return refused(`${what} is at an internal address, and its host is not configured as an issuer`);
}

function unreachable(what: string, cause: Error, signal?: AbortSignal): TokenError {
  const code = "code" in cause && typeof cause.code === "string" ? ` (${cause.code})` : "";
  const problem = signal?.aborted ? "gives no answer in time" : `cannot be had${code}`;
  return new TokenError("issuer-unreachable", `${what} ${problem}`, { cause });
}
