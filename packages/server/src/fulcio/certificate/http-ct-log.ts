// SPDX-License-Identifier: Apache-2.0
import { setTimeout } from "node:timers/promises";
import { concatBytes, decodeBase64, encodeBase64, uintBytes } from "@chancery/formats/bytes";
import type { PublicKey } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { decodeSct, type Sct } from "@chancery/formats/sct";
import { CtLogError, type SctSource } from "./sct-source.ts";

/** How a log is asked. The defaults end well before clients' 30 seconds. */
export interface HttpCtLogOptions {
  /** Without `/ct/v1/…`. */
  readonly url: string;
  readonly publicKey: PublicKey;
  /** For one request. Default 5 s. */
  readonly timeoutMs?: number;
  /** For all of them, waiting included. Default 15 s. */
  readonly totalMs?: number;
  /** Before the second request; doubles. Default 250 ms. */
  readonly backoffMs?: number;
}

const attemptsMax = 4;
const answerSizeBytesMax = 64 << 10;
const jsonLimits = { sizeBytesMax: answerSizeBytesMax, depthMax: 4 };
/** What may pass: the log is too slow, too busy, or starting. */
const temporaryStatuses: readonly number[] = [408, 429, 500, 502, 503, 504];

/**
 * A log of certificates over HTTP (RFC 6962 §4.2). Requests that may be repeated are, a few times
 * and within a bounded time; redirects are not followed.
 */
export function httpCtLog(options: HttpCtLogOptions): SctSource {
  const { publicKey, totalMs = 15_000, backoffMs = 250 } = options;
  const url = `${options.url.replace(/\/$/, "")}/ct/v1/add-pre-chain`;
  return {
    publicKey,
    async submit(chain) {
      const body = JSON.stringify({ chain: chain.map((der) => encodeBase64(der)) });
      const deadline = performance.now() + totalMs;
      for (let attempt = 1; ; attempt++) {
        const leftMs = deadline - performance.now();
        const timeoutMs = Math.max(1, Math.min(options.timeoutMs ?? 5_000, leftMs));
        const { sct, problem, retryAfterMs } = await ask(url, body, timeoutMs);
        if (sct) return sct;
        const waitMs = retryAfterMs ?? backoffMs * 2 ** (attempt - 1);
        if (attempt === attemptsMax || performance.now() + waitMs >= deadline) throw problem;
        await setTimeout(waitMs);
      }
    },
  };
}

type Outcome =
  | { readonly sct: Sct; readonly problem?: undefined; readonly retryAfterMs?: undefined }
  | {
      readonly sct?: undefined;
      readonly problem: CtLogError;
      readonly retryAfterMs: number | undefined;
    };

/** @returns a problem that may pass. @throws CtLogError that does not */
async function ask(url: string, body: string, timeoutMs: number): Promise<Outcome> {
  let response: Response;
  let text: Uint8Array;
  try {
    const headers = { "content-type": "application/json" };
    const signal = AbortSignal.timeout(timeoutMs);
    response = await fetch(url, { method: "POST", headers, body, redirect: "error", signal });
    text = await readBody(response, url);
  } catch (cause) {
    if (cause instanceof CtLogError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    const problem = new CtLogError("unavailable", `${url}: ${why}`, { cause });
    return { problem, retryAfterMs: undefined };
  }
  if (response.status === 200) return { sct: readSct(text, url) };
  const message = `${url} answered ${response.status}`;
  if (!temporaryStatuses.includes(response.status)) throw new CtLogError("refused", message);
  const seconds = /^[0-9]{1,5}$/.exec(response.headers.get("retry-after") ?? "")?.[0];
  return {
    problem: new CtLogError("unavailable", message),
    retryAfterMs: seconds === undefined ? undefined : Number(seconds) * 1000,
  };
}

async function readBody(response: Response, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > answerSizeBytesMax) {
      throw new CtLogError("malformed", `${url} answered more than is read`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The answer to add-pre-chain (RFC 6962 §4.1), read as the SerializedSCT that it takes apart. */
function readSct(body: Uint8Array, url: string): Sct {
  try {
    const answer = new ObjectDecoder(parseJson(body, "SCT", jsonLimits), "SCT");
    const [version, timestampMs] = [answer.raw("sct_version"), answer.raw("timestamp")];
    const isTime = typeof timestampMs === "number" && Number.isSafeInteger(timestampMs);
    if (version !== 0 || !isTime || timestampMs < 0) {
      throw new CtLogError("malformed", `${url} answered with no SCT of version 1`);
    }
    const extensions = answer.has("extensions") ? answer.string("extensions") : "";
    const extensionBytes = decodeBase64(extensions, "extensions");
    return decodeSct(
      concatBytes(
        Uint8Array.of(version),
        answer.bytes("id"),
        uintBytes(timestampMs, 8),
        uintBytes(extensionBytes.length, 2),
        extensionBytes,
        answer.bytes("signature"),
      ),
    );
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new CtLogError("malformed", `${url} answered with no SCT: ${cause.message}`, { cause });
  }
}
