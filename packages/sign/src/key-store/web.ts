// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from "@chancery/formats/bytes";
import { SignError } from "../errors.ts";
import { keyFileBytesMax } from "../key-file/index.ts";
import { readPublicKeyBytes } from "./load.ts";
import type { KeyReferenceScheme } from "./reference.ts";

const timeoutMs = 15_000;
const redirectsMax = 5;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * `https://…`: a public key, fetched once. A key decides what is believed, so it must come over TLS
 * at every step; `http://` is for this machine only.
 */
export const webScheme: KeyReferenceScheme = {
  name: "https",
  matches: (reference) => /^https?:\/\//i.test(reference),
  async loadPrivateKey(reference) {
    throw new SignError(
      "unsupported-key-reference",
      `private keys are not fetched, as from ${shown(reference)}`,
      "download the key file once and name the file, or pass it as env://NAME",
    );
  },
  async loadPublicKey(reference, { fetch: send }) {
    if (!send) {
      throw new SignError(
        "unreadable-key",
        `the key ${shown(reference)} is on the network, which is not to be used`,
        "download the key and name the file",
      );
    }
    try {
      return readPublicKeyBytes(await download(reference, send));
    } catch (cause) {
      if (cause instanceof SignError) throw cause;
      const problem = cause instanceof Error ? cause.message : "unknown error";
      throw unreadable(reference, problem, { cause });
    }
  },
};

async function download(reference: string, send: typeof fetch): Promise<Uint8Array> {
  const signal = AbortSignal.timeout(timeoutMs);
  let url = parseUrl(reference, reference);
  for (let redirects = 0; redirects <= redirectsMax; redirects++) {
    const response = await send(url, { signal, redirect: "manual" });
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      url = parseUrl(new URL(location, url).href, reference);
      continue;
    }
    if (response.status === 200) return await readBody(response, reference);
    await response.body?.cancel();
    throw unreadable(reference, `the server answers ${response.status}`);
  }
  throw unreadable(reference, `more than ${redirectsMax} redirections`);
}

function parseUrl(text: string, reference: string): URL {
  const url = URL.parse(text);
  if (!url) throw unreadable(reference, "the address is malformed");
  if (url.protocol === "https:") return url;
  const asked = /^http:/i.test(reference); // not merely redirected there
  if (url.protocol === "http:" && asked && LOOPBACK.test(url.hostname)) return url;
  throw unreadable(reference, `${url.protocol}//${url.host} is not https`);
}

async function readBody(response: Response, reference: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop cancels the body: the rest is not downloaded.
    if (length > keyFileBytesMax) {
      throw unreadable(reference, `the answer is longer than ${keyFileBytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  return concatBytes(...chunks);
}

/** The address without user, password and query, which may be secrets. */
function shown(reference: string): string {
  const url = URL.parse(reference);
  return url ? `${url.origin}${url.pathname}` : JSON.stringify(reference);
}

function unreadable(reference: string, problem: string, options?: ErrorOptions): SignError {
  return new SignError(
    "unreadable-key",
    `cannot fetch the public key ${shown(reference)}: ${problem}`,
    "download the key and name the file",
    options,
  );
}
