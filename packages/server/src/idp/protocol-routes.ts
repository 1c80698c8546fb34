// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { bodyOf } from "../http/index.ts";
import { DevicePolls } from "./device-polls.ts";
import type { Engine } from "./engine.ts";
import { nodeRequest } from "./node-request.ts";
import type { PageWriter } from "./page-writer.ts";
import { problemContent } from "./pages/index.ts";
import { FailureCounter } from "./rate-limit.ts";
import { devicePollSeconds } from "./token-answers.ts";
import { formOf, type OAuthRequest, withPublicClientNamed } from "./token-request.ts";

/** What the endpoints of the protocol need; the engine is made when it is first asked for. */
export interface ProtocolParts {
  readonly path: string;
  readonly issuer: () => URL;
  readonly engine: () => Promise<Engine>;
  readonly pages: () => PageWriter;
  readonly now: () => number;
}

/** Forms with a token of another issuer in them. */
export const bodySizeBytesMax: number = 48 << 10;

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

/** Codes that one place may enter in five minutes: twenty of 20^8 find nothing. */
const userCodes = { failuresMax: 20, windowMs: 5 * 60_000 };

/** Under the issuer's path, in metrics and logs: what is not here is `unmatched`. */
const endpoints = [
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
  "/jwks",
  "/auth",
  "/auth/:uid",
  "/token",
  "/device",
  "/device/:uid",
  "/device/auth",
] as const;

/** Adds the endpoints that the library answers. */
export function addProtocolRoutes(app: FastifyInstance, parts: ProtocolParts): void {
  const polls = new DevicePolls(devicePollSeconds, parts.now);
  const guesses = new FailureCounter(userCodes, parts.now);
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const issuer = parts.issuer();
    const url = new URL(request.url, issuer);
    const under = url.pathname.slice(parts.path.length);
    const raw: OAuthRequest = { headers: request.headers, body: bodyOf(request) };
    if (request.method === "POST" && under === "/token") {
      const form = formOf(raw);
      const code = form.get("device_code");
      if (form.get("grant_type") === deviceGrant && code !== null && polls.isTooSoon(code)) {
        const error_description = `ask every ${devicePollSeconds} seconds`;
        reply.code(400).header("cache-control", "no-store");
        return reply.send({ error: "slow_down", error_description });
      }
    }
    if (request.method === "POST" && under === "/device") {
      if (guesses.waitSeconds(request.ip) > 0)
        return tooManyCodes(reply, parts, guesses, request.ip);
      guesses.failed(request.ip);
    }
    const isClientCall = under === "/token" || under === "/device/auth";
    const [userCode, path] = withoutUserCode(under, url);
    const named = isClientCall ? withPublicClientNamed(raw) : raw;
    const { serve } = await parts.engine();
    const message = nodeRequest(request, named, issuer, path);
    reply.hijack();
    await serve(Object.assign(message, { userCode }), reply.raw);
    return reply;
  };
  for (const endpoint of endpoints) {
    const path = `${parts.path}${endpoint}`;
    const label = { api: "own", path: path.replace(":uid", "{uid}") } as const;
    const options = { config: { label }, bodyLimit: bodySizeBytesMax };
    app.route({ url: path, method: ["GET", "HEAD", "POST", "OPTIONS"], ...options, handler });
  }
}

/**
 * The code in an address that a device shows is put into the field, and the person still confirms
 * it; the library would send a form by a script, which our pages do without.
 */
function withoutUserCode(under: string, url: URL): readonly [string | undefined, string] {
  if (under !== "/device") return [undefined, `${under}${url.search}`];
  const userCode = url.searchParams.get("user_code") ?? undefined;
  url.searchParams.delete("user_code");
  return [userCode, `${under}${url.search}`];
}

function tooManyCodes(
  reply: FastifyReply,
  parts: ProtocolParts,
  guesses: FailureCounter,
  place: string,
): FastifyReply {
  const content = problemContent(
    "Too many codes were entered.",
    "Wait a few minutes, and try again.",
  );
  const { body, headers } = parts.pages().page("Too many tries", content);
  reply.header("retry-after", String(guesses.waitSeconds(place)));
  return reply.code(429).headers(headers).send(body);
}
