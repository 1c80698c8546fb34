// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import type { Adapter, Configuration, KoaContextWithOIDC } from "oidc-provider";
import { type Accounts, claimsOf } from "./accounts.ts";
import { devicePages, showError } from "./engine-pages.ts";
import type { KeyRing } from "./key-ring.ts";
import { addMachineGrants, tokenExchangeGrant } from "./machine-grants.ts";
import type { SignInMemory } from "./memory-adapter.ts";
import { isPublicClientRedirect, outOfBandUri } from "./redirects.ts";
import type { PageWriter } from "./page-writer.ts";
import type { IdpStore } from "./store.ts";
import { addTokenAnswers, type TokenLog } from "./token-answers.ts";
import type { TrustedIssuers } from "./trusted-issuers.ts";

/** What the OpenID library is given. */
export interface EngineParts {
  readonly issuer: URL;
  readonly store: IdpStore;
  readonly keys: KeyRing;
  readonly accounts: Accounts;
  readonly memory: SignInMemory;
  readonly trustedIssuers: TrustedIssuers;
  readonly pages: PageWriter;
  readonly clientId: string;
  readonly tokenSeconds: number;
  readonly log: TokenLog;
  readonly now: () => number;
}

/** The OpenID library at work. */
export interface Engine {
  readonly provider: Provider;
  /** Answers; resolves when that is done. */
  readonly serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** Seconds that things of the protocol are good for. */
const lifetimes = { code: 60, device: 600, interaction: 600, session: 3600 } as const;

/** Shown to people, and long enough not to be guessed within its life: 20^8. */
const userCodeMask = "****-****";

/**
 * Sets the library up. It keeps its keys for ever, so another one is made when they change; what is
 * under way lives in `memory` and goes on.
 */
export async function openEngine(parts: EngineParts): Promise<Engine> {
  const { Provider: LibraryProvider, errors, interactionPolicy } = await import("oidc-provider");
  const { issuer, keys, store, log } = parts;
  // Each sign-in asks who it is, as nobody may sign in another's name from an open browser.
  const { Prompt, Check } = interactionPolicy;
  const login = new Prompt(
    { name: "login", requestable: true },
    new Check("fresh", "each sign-in asks anew", (ctx) => ctx.oidc.result?.login === undefined),
  );
  const settings = configuration(parts);
  const provider = new LibraryProvider(issuer.href, {
    ...settings,
    interactions: { ...settings.interactions, policy: [login] },
    jwks: { keys: keys.privateKeys() } as NonNullable<Configuration["jwks"]>,
  });
  // The headers name the issuer's own scheme and host: see node-request.ts.
  provider.proxy = true;
  provider.Client.prototype.redirectUriAllowed = isPublicClientRedirect;
  provider.Client.prototype.compareClientSecret = function compare(secret: string): boolean {
    return store.checkMachineSecret(this.clientId, secret);
  };
  const { trustedIssuers, clientId: audience, tokenSeconds, now } = parts;
  addMachineGrants({ provider, errors, store, keys, trustedIssuers, audience, tokenSeconds, now });
  addLateSignIns(provider, parts.pages);
  addTokenAnswers(provider, parts);
  addLogging(provider, log);
  // Who signed in is forgotten when the code is made: the next sign-in may be another person's.
  provider.on("authorization.success", (ctx: KoaContextWithOIDC) => {
    delete (ctx.oidc.session as { accountId?: string } | undefined)?.accountId;
  });
  return { provider, serve: provider.callback() };
}

/**
 * Whoever comes to the end of a device's sign-in without its beginning is refused by the library,
 * which then fails as it has no session to save.
 */
function addLateSignIns(provider: Provider, pages: PageWriter): void {
  provider.use(async (ctx, next) => {
    try {
      await next();
    } catch (cause) {
      const context = ctx as KoaContextWithOIDC;
      const oidc = context.oidc as KoaContextWithOIDC["oidc"] | undefined;
      if (oidc?.route !== "device_resume" || ctx.status !== 400) throw cause;
      const error_description = "this sign-in is over, or was begun in another browser";
      showError(pages, context, { error: "invalid_request", error_description });
    }
  });
}

function configuration(parts: EngineParts): Configuration {
  const { issuer, store, accounts, memory, pages, clientId, tokenSeconds } = parts;
  const cookieKey = Buffer.from(store.secret("cookies")).toString("base64url");
  const off = { enabled: false };
  return {
    adapter: (name) => (name === "Client" ? clientAdapter(store) : memory.adapter(name)),
    clients: [publicClient(clientId)],
    clientAuthMethods: ["none", "client_secret_basic", "client_secret_post"],
    clientBasedCORS: () => false,
    responseTypes: ["code"],
    scopes: ["openid", "email"],
    claims: { openid: ["sub", "email", "email_verified", "federated_claims", "jti"], email: [] },
    conformIdTokenClaims: false,
    subjectTypes: ["public"],
    pkce: { required: () => true },
    enabledJWA: { idTokenSigningAlgValues: ["RS256"] },
    cookies: {
      keys: [cookieKey],
      names: { session: "idp_session", interaction: "idp_signin", resume: "idp_resume" },
      long: { signed: true, httpOnly: true, sameSite: "lax", path: issuer.pathname },
      short: { signed: true, httpOnly: true, sameSite: "lax" },
    },
    features: {
      devInteractions: off,
      dPoP: off,
      pushedAuthorizationRequests: off,
      resourceIndicators: off,
      rpInitiatedLogout: off,
      userinfo: off,
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true, mask: userCodeMask, ...devicePages(pages) },
    },
    interactions: { url: (_, { uid }) => `${issuer.pathname}/interaction/${uid}` },
    findAccount: async (_, subject) => {
      const identity = accounts.find(subject);
      if (!identity) return undefined;
      const claims = async () => ({ ...claimsOf(identity), jti: crypto.randomUUID() });
      return { accountId: subject, claims };
    },
    loadExistingGrant: async ({ oidc }) => {
      const accountId = oidc.session?.accountId;
      if (accountId === undefined || !oidc.client) return undefined;
      const grant = new oidc.provider.Grant({ accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope("openid email");
      await grant.save();
      return grant;
    },
    expiresWithSession: () => false,
    issueRefreshToken: async () => false,
    renderError: (ctx, out) => showError(pages, ctx, out),
    ttl: {
      AccessToken: tokenSeconds,
      IdToken: tokenSeconds,
      ClientCredentials: tokenSeconds,
      AuthorizationCode: lifetimes.code,
      DeviceCode: lifetimes.device,
      Interaction: lifetimes.interaction,
      Session: lifetimes.session,
      Grant: lifetimes.session,
    },
  };
}

/** All Sigstore tools are one client without a secret, whose codes come to the computer itself. */
function publicClient(clientId: string): NonNullable<Configuration["clients"]>[number] {
  return {
    client_id: clientId,
    client_name: "Sigstore",
    application_type: "native",
    token_endpoint_auth_method: "none",
    grant_types: [
      "authorization_code",
      "urn:ietf:params:oauth:grant-type:device_code",
      tokenExchangeGrant,
    ],
    response_types: ["code"],
    response_modes: ["query"],
    redirect_uris: ["http://localhost/auth/callback", outOfBandUri],
  };
}

/** Machine clients come from the store at each request, so that one who is removed is out. */
function clientAdapter(store: IdpStore): Adapter {
  const nothing = async (): Promise<undefined> => undefined;
  return {
    find: async (id) => {
      const client = store.machineClient(id);
      if (!client) return undefined;
      return {
        client_id: client.id,
        // Not the secret, of which only a hash is kept; `compareClientSecret` asks the store.
        client_secret: "kept-as-a-hash",
        token_endpoint_auth_method: "client_secret_basic",
        grant_types: ["client_credentials", tokenExchangeGrant],
        response_types: [],
        redirect_uris: [],
      };
    },
    upsert: nothing,
    findByUid: nothing,
    findByUserCode: nothing,
    consume: nothing,
    destroy: nothing,
    revokeByGrantId: nothing,
  };
}

const refusalFields = ["error", "error_description", "error_detail"] as const;

/** Says why something was refused, in the library's words, which hold neither codes nor tokens. */
function addLogging(provider: Provider, { logger }: TokenLog): void {
  const refused = (ctx: KoaContextWithOIDC, error: Error): void => {
    const fields = error as Error & Partial<Record<(typeof refusalFields)[number], unknown>>;
    const [code, description, detail] = refusalFields.map((field) => fields[field]);
    const client = ctx.oidc.entities.Client?.clientId;
    const { route } = ctx.oidc;
    const isUsual = code === "authorization_pending";
    logger[isUsual ? "debug" : "info"]({ route, client, code, description, detail }, "refused");
  };
  provider.on("authorization.error", refused);
  provider.on("device_authorization.error", refused);
  provider.on("grant.error", refused);
  // What goes wrong outside of the library's own routes; without a listener it goes to the console.
  (provider as NodeJS.EventEmitter).on("error", ({ name, message, stack }: Error) => {
    logger.error({ name, problem: message, stack }, "sign-in failed");
  });
  provider.on("server_error", (ctx: KoaContextWithOIDC, error: Error) => {
    const { name, message, stack } = error;
    logger.error({ route: ctx.oidc?.route, name, problem: message, stack }, "sign-in failed");
  });
}
