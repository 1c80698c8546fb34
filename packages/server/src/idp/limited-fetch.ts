// SPDX-License-Identifier: Apache-2.0
import { IdpError } from "./errors.ts";

const [timeoutMs, answerSizeBytesMax] = [5000, 1 << 20];

/**
 * Fetches from another issuer: within a time, up to a size, and from the address that is configured
 * alone, as a redirect could lead to an address inside our own network.
 * @throws Error of `fetch`; IdpError `issuer` where the answer is too large
 */
export async function limitedFetch(
  url: string | URL,
  init: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: RequestInit["body"];
  } = {},
): Promise<Response> {
  const signal = AbortSignal.timeout(timeoutMs);
  const { method = "GET", headers: asked = {}, body = null } = init;
  const response = await fetch(url, { method, headers: asked, body, redirect: "error", signal });
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > answerSizeBytesMax) {
      throw new IdpError("issuer", `${new URL(url).host} answers more than is read`);
    }
    chunks.push(chunk);
  }
  const { status, headers } = response;
  const hasBody = status !== 204 && status !== 205 && status !== 304;
  return new Response(hasBody ? Buffer.concat(chunks) : null, { status, headers });
}
