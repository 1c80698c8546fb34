// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { scrypt } from "@chancery/formats/crypto/node";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { createApp, ServerMetrics } from "../../src/http/index.ts";
import {
  type IdentityProvider,
  type IdentityProviderOptions,
  IdpStore,
  openIdentityProvider,
} from "../../src/idp/index.ts";
import { Browser, locationOf, type Page } from "./browser.ts";

export const alice = { email: "alice@example.com", password: "correct horse battery" };

/** At a cost that tests can pay often. */
async function cheapHash(password: string): Promise<string> {
  const hash = await scrypt(utf8Bytes(password), new Uint8Array(16), { n: 16, r: 8, p: 1 }, 32);
  const text = encodeBase64(hash).replaceAll("=", "");
  return `$scrypt$ln=4,r=8,p=1$${"A".repeat(22)}$${text}`;
}

/** An identity provider that serves on a port of its own, with one user. */
export interface IdpWorld {
  readonly origin: string;
  readonly issuer: string;
  readonly idp: IdentityProvider;
  readonly app: FastifyInstance;
  readonly store: IdpStore;
  readonly directory: string;
  /** Every line that was logged. */
  readonly logs: readonly string[];
  close(): Promise<void>;
}

export async function openWorld(options: Partial<IdentityProviderOptions> = {}): Promise<IdpWorld> {
  const directory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), "chancery-idp-"));
  const store = new IdpStore(directory);
  if (!store.userByEmail(alice.email)) store.addUser(alice.email, await cheapHash(alice.password));
  const logs: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line: string) => void logs.push(line) });
  const metrics = new ServerMetrics("0");
  const app = createApp({ logger, metrics });
  let origin = "";
  const listenHost = "127.0.0.1";
  const common = { dataDirectory: directory, origin: () => origin, logger, metrics, listenHost };
  const idp = await openIdentityProvider({ ...common, ...options });
  await idp.addRoutes(app);
  await app.listen({ host: listenHost, port: 0 });
  const address = app.server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  origin = `http://localhost:${address.port}`;
  return {
    origin,
    issuer: `${origin}/oidc`,
    idp,
    app,
    store,
    directory,
    logs,
    close: async () => {
      await app.close();
      await idp.close();
      store.close();
      if (options.dataDirectory === undefined) rmSync(directory, { recursive: true });
    },
  };
}

/** Of a verifier that meets RFC 7636 §4.1. */
export const pkce = {
  verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
};

export const callback = "http://localhost:51999/auth/callback";

/** The address that a client sends a browser to; `undefined` leaves a parameter out. */
export function authorizationUrl(
  { issuer }: Pick<IdpWorld, "issuer">,
  changes: Readonly<Record<string, string | undefined>> = {},
): string {
  const url = new URL(`${issuer}/auth`);
  const parameters = {
    response_type: "code",
    client_id: "sigstore",
    redirect_uri: callback,
    scope: "openid email",
    state: "some-state",
    nonce: "some-nonce",
    code_challenge: pkce.challenge,
    code_challenge_method: "S256",
    access_type: "online",
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

/** Goes to the sign-in page. */
export async function signInPage(
  world: Pick<IdpWorld, "issuer">,
  browser: Browser,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Page> {
  return browser.follow(await browser.get(authorizationUrl(world, changes)));
}

/** Signs alice in. @returns the page at the end, which redirects to the client */
export async function signIn(
  world: Pick<IdpWorld, "issuer">,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Page> {
  const browser = new Browser();
  const page = await signInPage(world, browser, changes);
  return browser.follow(await browser.submit(page, alice, new URL(page.url).pathname));
}

export function codeOf(page: Page): string {
  const code = URL.parse(locationOf(page) ?? "")?.searchParams.get("code");
  if (code === null || code === undefined) throw new Error(`no code: ${page.status} ${page.text}`);
  return code;
}

/** An answer of the token endpoint. */
export interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function askToken(
  { issuer }: Pick<IdpWorld, "issuer">,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  const body = new URLSearchParams(fields);
  const response = await fetch(`${issuer}/token`, { method: "POST", body, headers });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body: answer };
}

/** Fields that redeem a code. */
export function redemption(code: string): Record<string, string> {
  return {
    grant_type: "authorization_code",
    code,
    redirect_uri: callback,
    client_id: "sigstore",
    code_verifier: pkce.verifier,
  };
}
