// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SignError } from "../../errors.ts";

/** Waits on this computer for the browser to bring a provider's answer. */
export interface CallbackServer extends AsyncDisposable {
  /** Where the provider sends the browser: with the port that was taken. */
  readonly redirectUri: string;
  /** What the first answer was read as, or the error that reading it threw. */
  readonly answer: Promise<string>;
}

export const redirectUrlDefault = "http://localhost:0/auth/callback";

/** Answers have some hundred characters. */
const requestBytesMax = 16 << 10;
const requestTimeoutMs = 10_000;

/**
 * Listens at a loopback address (RFC 8252 §7.3), nowhere else. The first request to the path is the
 * answer; nothing is served after it.
 *
 * @param redirectUrl `http`, host `localhost`, `127.0.0.1` or `[::1]`; port 0 takes a free one.
 * @param read reads the parameters, and throws a SignError where they are no good answer.
 * @returns undefined where the port is taken, or nothing may listen
 * @throws SignError `malformed-service-url`
 */
export async function openCallbackServer(
  redirectUrl: string,
  read: (parameters: URLSearchParams) => string,
): Promise<CallbackServer | undefined> {
  const url = loopbackUrl(redirectUrl);
  const { promise: answer, resolve, reject } = Promise.withResolvers<string>();
  // Whoever waits gets the error; nobody may wait any more when it comes.
  answer.catch((cause: unknown) => cause);
  let isOver = false;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const asked = URL.parse(request.url ?? "", url.href);
    if (asked?.origin !== url.origin || asked.pathname !== url.pathname) {
      reply(response, 404, "There is nothing here.");
    } else if (request.method !== "GET") {
      reply(response, 405, "This is not how a sign-in ends.");
    } else if (isOver) {
      reply(response, 410, "This sign-in has ended. Return to your terminal.");
    } else {
      isOver = true;
      try {
        const text = read(asked.searchParams);
        reply(
          response,
          200,
          "Your terminal has the answer. Return to it; this page can be closed.",
        );
        resolve(text);
      } catch (cause) {
        reply(response, 400, "You are not signed in. Your terminal says why.");
        reject(cause as Error);
      }
    }
  };
  const servers = await listen(url, handle);
  if (!servers) return undefined;
  return {
    redirectUri: url.href,
    answer,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map(close));
    },
  };
}

function loopbackUrl(text: string): URL {
  const url = URL.parse(text);
  const isLoopback = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url?.hostname ?? "");
  const isPlain = url?.username === "" && url.password === "" && !/[?#]/.test(text);
  if (url && url.protocol === "http:" && isLoopback && isPlain) return url;
  throw new SignError(
    "malformed-service-url",
    "the redirect URL is not http to localhost, 127.0.0.1 or [::1] without user, query and fragment",
    `give one such as ${redirectUrlDefault}`,
  );
}

/**
 * `localhost` is two addresses, and browsers try either first: both are taken, so that no other
 * program of this computer can have one of them. Sets the port of the URL.
 */
async function listen(
  url: URL,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<readonly Server[] | undefined> {
  const name = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const first = name === "localhost" ? "127.0.0.1" : name;
  const server = await listenAt(first, Number(url.port === "" ? 80 : url.port), handle);
  if (!(server instanceof Server)) return undefined;
  const { port } = server.address() as AddressInfo;
  url.port = String(port);
  if (name !== "localhost") return [server];
  const second = await listenAt("::1", port, handle);
  if (second instanceof Server) return [server, second];
  const hasNoIpv6 = second === "EADDRNOTAVAIL" || second === "EAFNOSUPPORT";
  if (hasNoIpv6) return [server];
  await close(server);
  return undefined;
}

/** @returns the system's code where it cannot be listened there */
async function listenAt(
  host: string,
  port: number,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server | string> {
  const limits = { maxHeaderSize: requestBytesMax, requestTimeout: requestTimeoutMs };
  const server = createServer({ ...limits, headersTimeout: requestTimeoutMs }, handle);
  server.maxConnections = 16;
  return new Promise((resolve) => {
    // Taken, forbidden, or no such address: the person then carries the code over instead.
    server.once("error", (cause: NodeJS.ErrnoException) => resolve(cause.code ?? cause.message));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // Answers are sent whole before; browsers keep connections open that nothing will come on.
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), 200).unref();
  await closed;
}

function reply(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    connection: "close",
  });
  response.end(
    `<!doctype html><html lang="en"><title>Chancery</title><h1>Chancery</h1><p>${words}</p></html>\n`,
  );
}
