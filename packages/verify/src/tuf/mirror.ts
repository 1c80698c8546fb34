// SPDX-License-Identifier: Apache-2.0
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { TufError } from "./errors.ts";

/** Limits on what is asked of a mirror. The sizes are those of go-tuf, tuf-js and python-tuf. */
export interface TufLimits {
  readonly rootSizeBytesMax: number;
  readonly timestampSizeBytesMax: number;
  readonly snapshotSizeBytesMax: number;
  readonly targetsSizeBytesMax: number;
  /** A target file. */
  readonly targetSizeBytesMax: number;
  /** Root versions followed in one run. */
  readonly rootRotationsMax: number;
  /** One request, its body included. */
  readonly requestTimeoutMs: number;
  /** All requests of one run together. */
  readonly totalTimeoutMs: number;
  /** Attempts at one file where the mirror does not answer or answers 5xx. */
  readonly attemptsMax: number;
  /** Wait before the second attempt; it doubles with each. */
  readonly retryDelayMs: number;
}

export const tufLimitsDefault: TufLimits = {
  rootSizeBytesMax: 512_000,
  timestampSizeBytesMax: 16_384,
  snapshotSizeBytesMax: 2_000_000,
  targetsSizeBytesMax: 5_000_000,
  targetSizeBytesMax: 4 << 20,
  rootRotationsMax: 256,
  requestTimeoutMs: 10_000,
  totalTimeoutMs: 60_000,
  attemptsMax: 3,
  retryDelayMs: 250,
};

/** What a mirror has to say about a file: its bytes, or that there is no such file. */
export type Answer =
  | { readonly found: true; readonly bytes: Uint8Array }
  | { readonly found: false; readonly status: number };

/** Where files come from. */
export interface Mirror {
  readonly url: string;
  /**
   * @param path below the mirror's URL, percent-encoded.
   * @throws TufError `tuf-unreachable` | `tuf-too-large`
   */
  get(path: string, sizeBytesMax: number): Promise<Answer>;
}

/**
 * A mirror under an http, https or file URL. The first request starts the clock of the run.
 * @throws TufError `tuf-invalid-option`
 */
export function openMirror(
  url: string,
  limits: TufLimits,
  fetchFunction: typeof fetch = fetch,
): Mirror {
  const base = checkMirrorUrl(url);
  if (base.protocol === "file:") return { url, get: (path, max) => readLocal(base, path, max) };
  let deadline: AbortSignal | undefined;
  return {
    url,
    get: (path, sizeBytesMax) => {
      deadline ??= AbortSignal.timeout(limits.totalTimeoutMs);
      const request = { url: below(base, path), sizeBytesMax, deadline, limits, fetchFunction };
      return download(request);
    },
  };
}

/** The whole of one http(s) or file URL, such as a root to start from. @throws TufError */
export async function readUrl(
  url: string,
  sizeBytesMax: number,
  limits: TufLimits,
  fetchFunction: typeof fetch = fetch,
): Promise<Uint8Array> {
  const parsed = checkMirrorUrl(url);
  const answer =
    parsed.protocol === "file:"
      ? await readLocal(parsed, undefined, sizeBytesMax)
      : await download({
          url: parsed,
          sizeBytesMax,
          deadline: AbortSignal.timeout(limits.totalTimeoutMs),
          limits,
          fetchFunction,
        });
  if (answer.found) return answer.bytes;
  throw new TufError(
    "tuf-root-missing",
    `${url} answers ${answer.status}: there is no such file`,
    "check the address of the root",
  );
}

/**
 * The folder of a repository in the cache, named as sigstore-go and cosign name it: the URL without
 * scheme, `/` and `:` as `-`, in lower case. A trailing slash makes another folder.
 * @throws TufError `tuf-invalid-option`
 */
export function cacheFolderName(mirrorUrl: string): string {
  checkMirrorUrl(mirrorUrl);
  return mirrorUrl
    .replace(/^https:\/\//, "")
    .replace(/^http:\/\//, "")
    .replaceAll(/[/:]/g, "-")
    .toLowerCase();
}

function checkMirrorUrl(url: string): URL {
  const invalid = (problem: string): TufError =>
    new TufError(
      "tuf-invalid-option",
      `${JSON.stringify(url)} ${problem}`,
      "give the base URL of a TUF repository, such as https://tuf.example.com",
    );
  // Lower case, no backslash: the URL becomes the name of a folder.
  if (!/^(?:https?:\/\/[^/]|file:\/\/\/)[^\\\s\p{Cc}]*$/u.test(url)) {
    throw invalid("is not an http, https or file URL");
  }
  if (!URL.canParse(url)) throw invalid("is not a URL");
  const parsed = new URL(url);
  if (parsed.search !== "" || parsed.hash !== "" || parsed.username !== "") {
    throw invalid("carries a query, a fragment or a user");
  }
  if (/^\.+$/.test(parsed.hostname)) throw invalid("names no host");
  return parsed;
}

function below(base: URL, path: string): URL {
  return new URL(path, base.href.endsWith("/") ? base : `${base.href}/`);
}

async function readLocal(
  base: URL,
  path: string | undefined,
  sizeBytesMax: number,
): Promise<Answer> {
  const file = path === undefined ? base : below(base, path);
  try {
    const { size } = await stat(file);
    if (size > sizeBytesMax) throw tooLarge(fileURLToPath(file), sizeBytesMax);
    return { found: true, bytes: new Uint8Array(await readFile(file)) };
  } catch (cause) {
    if (cause instanceof TufError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return { found: false, status: 404 };
    throw unreachable(file.href, String((cause as Error).message), cause);
  }
}

interface Request {
  readonly url: URL;
  readonly sizeBytesMax: number;
  readonly deadline: AbortSignal;
  readonly limits: TufLimits;
  readonly fetchFunction: typeof fetch;
}

/** Outcome of one attempt that another attempt may better. */
interface Trouble {
  readonly problem: string;
  readonly cause?: unknown;
}

async function download(request: Request): Promise<Answer> {
  const { url, deadline, limits } = request;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptDownload(request);
    if ("found" in outcome) return outcome;
    if (attempt >= limits.attemptsMax || deadline.aborted) {
      const tries = attempt > 1 ? ` (${attempt} attempts)` : "";
      throw unreachable(url.href, outcome.problem + tries, outcome.cause);
    }
    await new Promise((resolve) => setTimeout(resolve, limits.retryDelayMs * 2 ** (attempt - 1)));
  }
}

async function attemptDownload(request: Request): Promise<Answer | Trouble> {
  const { url, limits, deadline, fetchFunction } = request;
  const timeout = AbortSignal.timeout(limits.requestTimeoutMs);
  try {
    const response = await fetchFunction(url, { signal: AbortSignal.any([timeout, deadline]) });
    if (response.ok) return { found: true, bytes: await readBody(response, request) };
    await response.body?.cancel();
    if (response.status >= 500) return { problem: `answers ${response.status}` };
    // S3 and its like answer 403 where listing is not allowed and the file is absent.
    if (response.status === 404 || response.status === 403) {
      return { found: false, status: response.status };
    }
    throw unreachable(url.href, `answers ${response.status}`);
  } catch (cause) {
    if (cause instanceof TufError) throw cause;
    if (deadline.aborted) return { problem: `took ${limits.totalTimeoutMs} ms in all`, cause };
    if (timeout.aborted) {
      // Not tried again: whoever is this slow once would use up the time of the whole run.
      const problem = `did not answer in full within ${limits.requestTimeoutMs} ms`;
      throw unreachable(url.href, problem, cause);
    }
    return { problem: networkProblem(cause), cause };
  }
}

async function readBody(response: Response, request: Request): Promise<Uint8Array> {
  const { url, sizeBytesMax } = request;
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (announced > sizeBytesMax) {
    await response.body?.cancel();
    throw tooLarge(url.href, sizeBytesMax);
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    // Leaving the loop cancels the body.
    if (sizeBytes > sizeBytesMax) throw tooLarge(url.href, sizeBytesMax);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** `fetch` says "fetch failed" and hides the reason in the cause. */
function networkProblem(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

function tooLarge(what: string, sizeBytesMax: number): TufError {
  return new TufError(
    "tuf-too-large",
    `${what} is larger than the ${sizeBytesMax} bytes that are read`,
    "the mirror serves something else at this address, or needs a higher limit",
  );
}

function unreachable(url: string, problem: string, cause?: unknown): TufError {
  return new TufError(
    "tuf-unreachable",
    `${url}: ${problem}`,
    "check the network and the mirror's address, or work offline with a trusted root file",
    { cause },
  );
}
