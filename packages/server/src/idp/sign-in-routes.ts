// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from "node:http";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../errors.ts";
import { addRoute, bodyOf, useErrorWriter } from "../http/index.ts";
import type { Identity } from "./accounts.ts";
import type { Engine } from "./engine.ts";
import { nodeRequest } from "./node-request.ts";
import type { PageWriter } from "./page-writer.ts";
import { problemContent, signInContent } from "./pages/index.ts";
import { bodySizeBytesMax } from "./protocol-routes.ts";
import type { FormTokens } from "./secrets.ts";
import type { SignIn, SignInOutcome } from "./sign-in.ts";
import { formOf } from "./token-request.ts";
import { UpstreamError, type Upstreams } from "./upstream.ts";

/** What the pages of a sign-in need. */
export interface SignInParts {
  readonly path: string;
  readonly issuer: () => URL;
  readonly engine: () => Promise<Engine>;
  readonly pages: () => PageWriter;
  readonly signIn: SignIn;
  readonly upstreams: Upstreams;
  readonly remember: (identity: Identity) => void;
  readonly tokens: FormTokens;
  readonly dev: boolean;
  readonly logger: FastifyBaseLogger;
}

/** What a sign-in is for, as the library knows it. */
interface Interaction {
  readonly uid: string;
  readonly redirectUri: string;
  readonly forDevice: boolean;
  readonly loginHint: string | undefined;
}

const upstreamCookie = "idp_upstream";

/** Adds the pages on which people sign in. */
export function addSignInRoutes(app: FastifyInstance, parts: SignInParts): void {
  useErrorWriter(app, (error, reply) => {
    const content = problemContent(error.message, startAgain);
    const { body, headers } = parts.pages().page("Sign-in cannot go on", content);
    return reply.headers(headers).send(body);
  });
  const route = (rest: string, handlers: Pick<Parameters<typeof addRoute>[1], "get" | "post">) => {
    const path = `${parts.path}${rest}`;
    const label = { api: "own", path: path.replace(":uid", "{uid}") } as const;
    addRoute(app, { path, label, bodySizeBytesMax, ...handlers });
  };
  route("/interaction/:uid", {
    get: async (request, reply) => {
      const interaction = await interactionOf(request, reply, parts);
      return showSignIn(reply, parts, interaction, { email: interaction.loginHint });
    },
    post: async (request, reply) => signInHere(request, reply, parts),
  });
  route("/interaction/:uid/cancel", {
    post: async (request, reply) => {
      await checkedForm(request, reply, parts);
      const error_description = "the person cancelled the sign-in";
      return finish(request, reply, parts, { error: "access_denied", error_description });
    },
  });
  route("/interaction/:uid/upstream", {
    get: async (request, reply) => {
      const { uid } = await interactionOf(request, reply, parts);
      const identity = parts.upstreams.collect(uid);
      if (!identity) throw new ServiceError("malformed", "Nobody signed in for this.");
      parts.remember(identity);
      return finish(request, reply, parts, { login: { accountId: identity.subject } });
    },
    post: async (request, reply) => signInElsewhere(request, reply, parts),
  });
  route("/callback", { get: async (request, reply) => comeBack(request, reply, parts) });
}

const startAgain = "Go back to the program that sent you here, and start the sign-in again.";

async function signInHere(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: SignInParts,
): Promise<unknown> {
  const { interaction, form } = await checkedForm(request, reply, parts);
  const email = (form.get("email") ?? "").trim();
  const outcome: SignInOutcome = parts.dev
    ? parts.signIn.asAnyone(email)
    : await parts.signIn.withPassword(email, form.get("password") ?? "", request.ip);
  if ("identity" in outcome) {
    return finish(request, reply, parts, { login: { accountId: outcome.identity.subject } });
  }
  const { status, problem, waitSeconds } = outcome;
  reply.code(status);
  if (waitSeconds !== undefined) reply.header("retry-after", String(waitSeconds));
  return showSignIn(reply, parts, interaction, { email, problem });
}

async function signInElsewhere(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: SignInParts,
): Promise<unknown> {
  const { interaction, form } = await checkedForm(request, reply, parts);
  const callback = `${parts.issuer().href}/callback`;
  try {
    const id = form.get("upstream") ?? "";
    const { url, browser } = await parts.upstreams.depart(id, interaction.uid, callback);
    const isSecure = parts.issuer().protocol === "https:";
    const flags = `Path=${parts.path}/callback; Max-Age=600; HttpOnly; SameSite=Lax`;
    reply.header(
      "set-cookie",
      `${upstreamCookie}=${browser}; ${flags}${isSecure ? "; Secure" : ""}`,
    );
    return reply.redirect(url.href, 303);
  } catch (cause) {
    throw upstreamRefusal(cause, parts);
  }
}

async function comeBack(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: SignInParts,
): Promise<unknown> {
  const issuer = parts.issuer();
  // The address as the other provider was told it, whatever a proxy made of it.
  const url = new URL(`${issuer.href}/callback${new URL(request.url, issuer).search}`);
  const cookies = new RegExp(`(?:^|; *)${upstreamCookie}=([\\w-]+)`);
  const browser = cookies.exec(request.headers.cookie ?? "")?.[1];
  try {
    const uid = await parts.upstreams.arrive(url, browser);
    return await reply.redirect(`${parts.path}/interaction/${uid}/upstream`, 303);
  } catch (cause) {
    throw upstreamRefusal(cause, parts);
  }
}

function upstreamRefusal(cause: unknown, { logger }: SignInParts): unknown {
  if (!(cause instanceof UpstreamError)) return cause;
  // Only names and texts: the library's errors carry answers, with tokens in them.
  const why =
    cause.cause instanceof Error ? `${cause.cause.name}: ${cause.cause.message}` : undefined;
  logger.warn({ problem: cause.message, why }, "sign-in at another provider failed");
  return new ServiceError("malformed", `${cause.message}.`, { cause });
}

/** The sign-in that the browser's cookie is of, and the address too. */
async function interactionOf(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: SignInParts,
): Promise<Interaction> {
  const { provider } = await parts.engine();
  const { uid: named } = request.params as { readonly uid: string };
  try {
    const message = forLibrary(request, parts);
    const { uid, params, deviceCode } = await provider.interactionDetails(message, reply.raw);
    if (uid !== named) throw new ServiceError("malformed", "This sign-in is another one.");
    const { login_hint: hint, redirect_uri: redirectUri } = params;
    return {
      uid,
      redirectUri: typeof redirectUri === "string" ? redirectUri : "",
      forDevice: deviceCode !== undefined,
      loginHint: typeof hint === "string" ? hint.slice(0, 254) : undefined,
    };
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    const message = "This sign-in is over, was begun in another browser, or took too long.";
    throw new ServiceError("malformed", message, { cause });
  }
}

/** The form, after the token in it was checked. */
async function checkedForm(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: SignInParts,
): Promise<{ readonly interaction: Interaction; readonly form: URLSearchParams }> {
  const interaction = await interactionOf(request, reply, parts);
  const form = formOf({ headers: request.headers, body: bodyOf(request) });
  if (!(await parts.tokens.check(interaction.uid, form.get("token") ?? undefined))) {
    parts.logger.warn({ place: request.ip }, "a sign-in form without its token was refused");
    const message = "This form did not come from our page, or the page is too old.";
    throw new ServiceError("invalid", message, { status: 403 });
  }
  return { interaction, form };
}

async function showSignIn(
  reply: FastifyReply,
  parts: SignInParts,
  { uid, redirectUri, forDevice }: Interaction,
  { email, problem }: { readonly email?: string | undefined; readonly problem?: string },
): Promise<unknown> {
  const { dev, signIn, upstreams, tokens, path } = parts;
  const hasOthers = !dev && upstreams.list().length > 0;
  const content = signInContent({
    action: `${path}/interaction/${uid}`,
    token: await tokens.make(uid),
    email,
    problem,
    dev,
    passwords: !hasOthers || signIn.hasUsers,
    upstreams: upstreams.list().map(({ id, name }) => ({ id, name })),
    forDevice,
  });
  const targets = [...redirectTarget(redirectUri), ...(hasOthers ? upstreams.origins : [])];
  const { body, headers } = parts.pages().page("Sign in", content, targets);
  return reply.headers(headers).send(body);
}

/** Browsers check where a form's redirects lead, and cannot be told an IPv6 address. */
function redirectTarget(redirectUri: string): readonly string[] {
  const url = URL.parse(redirectUri);
  if (url?.protocol !== "http:") return [];
  return [url.hostname.startsWith("[") ? "http:" : url.origin];
}

type Result = Parameters<Engine["provider"]["interactionResult"]>[2];

/** Gives the outcome to the library, and the browser back to it. */
async function finish(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: SignInParts,
  result: Result,
): Promise<unknown> {
  const { provider } = await parts.engine();
  const message = forLibrary(request, parts);
  const options = { mergeWithLastSubmission: false };
  const next = await provider.interactionResult(message, reply.raw, result, options);
  return reply.header("cache-control", "no-store").redirect(next, 303);
}

/** The library reads the cookies of a sign-in's pages, and nothing else of their requests. */
function forLibrary(request: FastifyRequest, { issuer, path }: SignInParts): IncomingMessage {
  const unread = { headers: request.headers, body: new Uint8Array(0) };
  return nodeRequest(request, unread, issuer(), request.url.slice(path.length));
}
