// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import { concatBytes, utf8Bytes } from "@chancery/formats/bytes";
import { SignError } from "../errors.ts";
import { shownUrl } from "./service-url.ts";

/** What a request may cost. */
export interface HttpLimits {
  /** One attempt, from the first byte sent to the last one read. */
  readonly timeoutMs: number;
  /** Attempts in all, the first one included. */
  readonly attemptsMax: number;
  /** Wait before the second attempt; it doubles with each. */
  readonly backoffMs: number;
  /** Longest wait that a service may ask for with Retry-After. */
  readonly retryAfterMsMax: number;
  /** Longest answer that is read, after decompression. */
  readonly responseBytesMax: number;
}

/** How requests are sent. */
export interface HttpOptions extends Partial<HttpLimits> {
  /** Default: the global one. */
  readonly fetch?: typeof fetch;
  /** Ends everything, waits included; its reason is thrown as it is. */
  readonly signal?: AbortSignal;
  /** Default: sleeps. */
  readonly wait?: (waitMs: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

export const httpDefaults: HttpLimits = {
  timeoutMs: 30_000,
  attemptsMax: 4,
  backoffMs: 250,
  retryAfterMsMax: 30_000,
  responseBytesMax: 16 << 20,
};

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  /** JSON, unless `contentType` says otherwise. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly contentType?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are answers; every other one is a refusal. */
  readonly expected: readonly number[];
  /** What is asked, for messages: `the log`. */
  readonly service: string;
  /** Holds secrets, which an answer may repeat: errors then do not quote it. */
  readonly confidential?: boolean;
  /** One secret that is sent: errors do not quote an answer that repeats any part of it. */
  readonly secret?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

const redirectsMax = 3;
const shownBytesMax = 300;
const secretCharsMin = 16;
/** Statuses that may be others a moment later. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Sends a request until it is answered, the service refuses it, or the attempts are used up. Every
 * request of this package may be repeated: services answer a repetition with what they did before.
 *
 * Redirections are followed within the origin that was asked, for POST only where method and body
 * are kept (307, 308).
 *
 * @throws SignError `service-unreachable` where no answer came; `service-unavailable` where it was
 *   a status that may pass, to the last; `service-refused` for the other statuses;
 *   `service-malformed` for answers that are too long, or lead elsewhere.
 */
export async function exchange(
  request: HttpRequest,
  options: HttpOptions = {},
): Promise<HttpAnswer> {
  const settings = { ...httpDefaults, ...options };
  const { attemptsMax, backoffMs, signal, wait = sleep } = settings;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    let failure: Failure;
    try {
      const answer = await follow(request, settings);
      if (request.expected.includes(answer.status)) return answer;
      failure = failureOf(request, answer, settings.retryAfterMsMax);
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof SignError) throw cause;
      failure = { error: unreachable(request, cause, settings.timeoutMs), retry: true };
    }
    if (!failure.retry || attempt >= attemptsMax) throw failure.error;
    await wait(failure.waitMs ?? backoffMs * 2 ** (attempt - 1), signal);
  }
}

interface Failure {
  readonly error: SignError;
  readonly retry: boolean;
  /** What the service asked for. */
  readonly waitMs?: number;
}

/** Waits, unless the signal ends it with its reason. */
export async function sleep(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(waitMs, undefined, { signal });
  } catch (cause) {
    signal?.throwIfAborted(); // Node's own error says less than the reason
    throw cause;
  }
}

async function follow(
  request: HttpRequest,
  { fetch: send = fetch, signal, timeoutMs, responseBytesMax }: HttpLimits & HttpOptions,
): Promise<HttpAnswer> {
  const { method, body, accept = "application/json", headers } = request;
  const contentType = request.contentType ?? "application/json";
  const timeout = AbortSignal.timeout(timeoutMs);
  let { url } = request;
  for (let redirects = 0; redirects <= redirectsMax; redirects++) {
    const response = await send(url, {
      method,
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headers: {
        accept,
        "user-agent": "chancery",
        ...(body === undefined ? {} : { "content-type": contentType }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const target = redirection(request, response, url);
    if (!target) {
      const { status, headers } = response;
      return { status, headers, body: await readBody(request, response, responseBytesMax) };
    }
    await response.body?.cancel();
    url = target;
  }
  throw malformed(request, `answers with more than ${redirectsMax} redirections`);
}

/** Where the answer leads; undefined where it is one. */
function redirection(request: HttpRequest, response: Response, from: URL): URL | undefined {
  const { status, headers } = response;
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const location = headers.get("location");
  const url = location === null ? undefined : URL.parse(location, from.href);
  if (!url) throw malformed(request, `answers ${status} and says no place to go to`);
  if (url.origin !== from.origin) {
    throw malformed(
      request,
      `leads to another place, ${shownUrl(url)}`,
      `if that is where it is, give that address instead of ${from.origin}`,
    );
  }
  if (request.method === "POST" && status < 307) {
    throw malformed(request, `answers a POST with ${status}, after which nothing is sent again`);
  }
  return url;
}

async function readBody(
  request: HttpRequest,
  response: Response,
  sizeBytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop cancels the body: the rest is not read.
    if (length > sizeBytesMax) throw malformed(request, `answers more than ${sizeBytesMax} bytes`);
    chunks.push(chunk);
  }
  return concatBytes(...chunks);
}

function failureOf(request: HttpRequest, answer: HttpAnswer, retryAfterMsMax: number): Failure {
  const { status, headers } = answer;
  const said = request.confidential ? "" : quoted(saidBy(answer), request.secret);
  const where = `${request.service} at ${shownUrl(request.url)}`;
  const words = `${where} answers ${status}${said === "" ? "" : `: ${said}`}`;
  if (!passing.has(status)) {
    return { error: new SignError("service-refused", words, hintFor(status)), retry: false };
  }
  const hint = "try again in a while";
  const error = new SignError("service-unavailable", words, hint);
  const waitMs = retryAfterMs(headers);
  if (waitMs === undefined) return { error, retry: true };
  return { error, retry: waitMs <= retryAfterMsMax, waitMs };
}

/**
 * Words of an answer as messages quote them; none where they repeat a part of what was secret, told
 * by its beginning, as the words may have been cut.
 */
export function quoted(said: string, secret = ""): string {
  const parts = secret.split(".").filter((part) => part !== "");
  const repeats = parts.some((part) => said.includes(part.slice(0, secretCharsMin)));
  return repeats ? "" : inOneLine(said);
}

/** What the service says is wrong: `message` of its JSON, else the beginning of its text. */
function saidBy({ body, headers }: HttpAnswer): string {
  const text = new TextDecoder().decode(body.subarray(0, 8 * shownBytesMax));
  let said = text;
  if (headers.get("content-type")?.includes("json")) {
    try {
      const { message } = JSON.parse(text) as { readonly message?: unknown };
      if (typeof message === "string") said = message;
    } catch (cause) {
      if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause;
    }
  } else if (/^\s*</.test(text)) {
    return ""; // a web page, which is not for people at a terminal
  }
  return inOneLine(said);
}

/** Words of a service for a terminal: without control characters, in one line of bounded length. */
export function inOneLine(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return utf8Bytes(plain).length <= shownBytesMax ? plain : `${plain.slice(0, shownBytesMax)}…`;
}

function hintFor(status: number): string {
  if (status === 404) return "check the address: it is the base URL, without /api";
  if (status === 401 || status === 403) return "the service wants something that was not sent";
  return "";
}

/** @returns milliseconds; undefined where the header is absent or no such value. */
function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : Math.max(0, time - Date.now());
}

function malformed(request: HttpRequest, problem: string, hint = ""): SignError {
  const words = `${request.service} at ${shownUrl(request.url)} ${problem}`;
  return new SignError("service-malformed", words, hint);
}

function unreachable(request: HttpRequest, cause: unknown, timeoutMs: number): SignError {
  const where = `${request.service} at ${shownUrl(request.url)}`;
  const timedOut = cause instanceof Error && cause.name === "TimeoutError";
  const problem = timedOut ? `gave no answer within ${timeoutMs / 1000} s` : reasonOf(cause);
  return new SignError(
    "service-unreachable",
    `${where}: ${problem}`,
    "check the address, and that the service runs and can be reached from here",
    { cause },
  );
}

/** `fetch` says only that it failed; why is one level down. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause;
  if (inner instanceof AggregateError) return reasonOf(inner.errors[0] ?? inner);
  if (inner instanceof Error && inner.message !== "") return inner.message;
  return cause.message;
}
