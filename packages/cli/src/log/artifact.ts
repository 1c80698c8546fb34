// SPDX-License-Identifier: Apache-2.0
import { lookup as lookUp } from "node:dns";
import { get as httpGet, type IncomingMessage } from "node:http";
import { get as httpsGet } from "node:https";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import { CliError, type Invocation, usageError } from "../framework/index.ts";
import { type Content, openContent } from "../files/index.ts";

/** Largest artifact that is fetched: 4 GiB. */
const sizeBytesMax = 2 ** 32;
const redirectsMax = 5;
/** Silence after which a server is given up. */
const idleMs = 30_000;

/**
 * `--artifact`: a file, or as in rekor-cli an `http` or `https` address to fetch it from. A server
 * that is on the open net leads nobody into a private one.
 * @param isPrivate tells the addresses that only who asked for one is led to.
 * @throws CliError
 */
export async function openArtifactFlag(
  label: string,
  needs: Pick<Invocation<unknown>, "io" | "signal">,
  isPrivate: (address: string) => boolean = isPrivateAddress,
): Promise<Content> {
  if (!/^https?:\/\//i.test(label)) return openContent(label, needs);
  const response = await fetchArtifact(label, needs.signal, isPrivate);
  return { label, open: () => chunksOf(response, label), once: true };
}

/** Addresses of this machine and of private networks. */
const privateAddresses = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  privateAddresses.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
] as const) {
  privateAddresses.addSubnet(network, prefix, "ipv6");
}

/** Whether an address is not of the open net; IPv4 in IPv6 counts as IPv4. */
export function isPrivateAddress(address: string): boolean {
  return privateAddresses.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

async function fetchArtifact(
  label: string,
  signal: AbortSignal,
  isPrivate: (address: string) => boolean,
): Promise<IncomingMessage> {
  let url = readUrl(label, label);
  // Who asked for a server in a private network may be led through it.
  let guard: ((address: string) => boolean) | undefined;
  for (let hops = 0; hops <= redirectsMax; hops++) {
    const response = await getOnce(url, label, { signal, guard });
    const { statusCode = 0, headers } = response;
    if (statusCode === 200) return response;
    const inPrivate = isPrivate(response.socket.remoteAddress ?? "::");
    response.destroy();
    if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) {
      throw unavailable(label, `answers ${statusCode}`);
    }
    const next = readUrl(headers.location, label, url);
    if (url.protocol === "https:" && next.protocol === "http:") {
      throw unavailable(label, "leads from https to http");
    }
    if (!inPrivate) guard = isPrivate;
    url = next;
  }
  throw unavailable(label, `has more than ${redirectsMax} redirections`);
}

function readUrl(text: string, label: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") {
    return url;
  }
  if (base) throw unavailable(label, "leads to what is no http or https address");
  throw usageError(`${label}: is not an http or https address without a user name`);
}

interface Bounds {
  readonly signal: AbortSignal;
  /** Tells the addresses that are out of bounds, where there are such. */
  readonly guard: ((address: string) => boolean) | undefined;
}

/** One request. @throws CliError */
function getOnce(url: URL, label: string, { signal, guard }: Bounds): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (guard && isIP(host) !== 0 && guard(host)) return Promise.reject(astray(label));
  const get = url.protocol === "https:" ? httpsGet : httpGet;
  const headers = { "user-agent": "chancery", accept: "*/*", "accept-encoding": "identity" };
  return new Promise((resolve, reject) => {
    const lookup = guard ? { lookup: guardedLookup(label, guard) } : {};
    const request = get(url, { headers, signal, timeout: idleMs, agent: false, ...lookup });
    request.once("response", resolve);
    request.once("timeout", () => request.destroy(unavailable(label, "says nothing any more")));
    request.once("error", (cause) => {
      const failed = cause instanceof CliError ? cause : signal.aborted ? signal.reason : undefined;
      reject(failed ?? unavailable(label, cause.message, cause));
    });
  });
}

/** Looks a name up, and refuses it where one of its addresses is private. */
function guardedLookup(label: string, guard: (address: string) => boolean): LookupFunction {
  return (name, options, done) => {
    lookUp(name, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, []);
      if (addresses.some(({ address }) => guard(address))) return done(astray(label), []);
      const [first] = addresses;
      if (options.all || !first) return done(null, addresses);
      return done(null, first.address, first.family);
    });
  };
}

async function* chunksOf(response: IncomingMessage, label: string): AsyncIterable<Uint8Array> {
  const announced = Number(response.headers["content-length"] ?? 0);
  let size = 0;
  try {
    if (announced > sizeBytesMax) throw tooLarge(label);
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > sizeBytesMax) throw tooLarge(label);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw unavailable(label, cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    response.destroy();
  }
}

function unavailable(label: string, problem: string, cause?: unknown): CliError {
  const hint = "download it, look at it, and name the file";
  return new CliError("unavailable", "artifact-unavailable", `${label}: ${problem}`, {
    hint,
    cause,
  });
}

function astray(label: string): CliError {
  return unavailable(label, "leads into a private network");
}

function tooLarge(label: string): CliError {
  return unavailable(label, `has more than ${sizeBytesMax} bytes`);
}
