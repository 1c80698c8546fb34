// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServiceError } from "../errors.ts";
import { Accounts } from "./accounts.ts";
import type { Engine } from "./engine.ts";
import { IdpError } from "./errors.ts";
import { KeyRing, type PublicKeySet } from "./key-ring.ts";
import { KeySealing } from "./key-sealing.ts";
import { SignInMemory } from "./memory-adapter.ts";
import type { IdentityProviderOptions } from "./options.ts";
import { PageWriter } from "./page-writer.ts";
import { addProtocolRoutes } from "./protocol-routes.ts";
import { isLoopbackHost } from "./redirects.ts";
import { FormTokens } from "./secrets.ts";
import { addSignInRoutes } from "./sign-in-routes.ts";
import { SignIn } from "./sign-in.ts";
import { IdpStore } from "./store.ts";
import { TokenLog } from "./token-answers.ts";
import { TrustedIssuers } from "./trusted-issuers.ts";
import { Upstreams } from "./upstream.ts";

/** An OpenID provider for Sigstore's clients. */
export interface IdentityProvider {
  /** `iss` of its tokens. @throws what `origin` throws before the address is known */
  readonly issuer: string;
  /** When it was made. */
  readonly since: Date;
  /**
   * Its public keys at present, so that a certificate authority in the same process can check
   * tokens without HTTP. Ask each time: they change when the keys do.
   */
  jwks(): Promise<PublicKeySet>;
  /** Adds its paths to a server that does not listen yet. */
  addRoutes(app: FastifyInstance): Promise<void>;
  /** Has a new key sign from now on; what the old one signed stays valid. */
  rotateKeys(): Promise<void>;
  close(): Promise<void>;
}

const [dayMs, rotationCheckMs] = [86_400_000, 3_600_000];

/**
 * Opens an identity provider: its database, and its keys, which the first start makes. The OpenID
 * library is loaded when the first request comes.
 *
 * Sessions and codes live in memory: a restart ends the sign-ins under way and nothing else.
 * @throws IdpError `not-loopback` | `store` | `issuer`
 */
export async function openIdentityProvider(
  options: IdentityProviderOptions,
): Promise<IdentityProvider> {
  const { dataDirectory, logger, listenHost, dev = false, tokenSeconds = 300 } = options;
  if (dev && !isLoopbackHost(listenHost)) {
    throw new IdpError(
      "not-loopback",
      `dev mode signs anyone in as anybody, so it needs a loopback address, not ${listenHost}: ` +
        "listen on 127.0.0.1, or turn dev mode off and add users",
    );
  }
  if (!(tokenSeconds >= 60 && tokenSeconds <= 600)) {
    throw new IdpError("issuer", `tokens live from 60 to 600 seconds, not ${tokenSeconds}`);
  }
  const store = new IdpStore(dataDirectory);
  try {
    const sealing = new KeySealing(options.keyPassword);
    const ring = await KeyRing.open(store, sealing, options.now ?? Date.now);
    if (ring.wasPlain) logger.info("keys that sign tokens are encrypted from now on");
    // To make the first key takes a while, which nobody need wait for who asks for no token yet.
    const signingMs = (options.rotateDays ?? 30) * dayMs;
    const keys = ring.fill(signingMs);
    const provider = new Running(options, store, keys, signingMs);
    if (dev) {
      logger.warn("DEV MODE: the identity provider signs anyone in as any e-mail address");
    }
    return provider;
  } catch (cause) {
    store.close();
    throw cause;
  }
}

class Running implements IdentityProvider {
  readonly #options: IdentityProviderOptions;
  readonly #store: IdpStore;
  readonly #keys: Promise<KeyRing>;
  readonly #now: () => number;
  readonly #path: string;
  readonly #memory: SignInMemory;
  readonly #accounts: Accounts;
  readonly #log: TokenLog;
  readonly #trustedIssuers: TrustedIssuers;
  readonly #timer: NodeJS.Timeout;
  #rotation: Promise<void>;
  #engine: Promise<Engine> | undefined;

  constructor(
    options: IdentityProviderOptions,
    store: IdpStore,
    keys: Promise<KeyRing>,
    signingMs: number,
  ) {
    this.#options = options;
    this.#store = store;
    this.#keys = keys;
    this.#now = options.now ?? Date.now;
    this.#path = options.path ?? "/oidc";
    this.#memory = new SignInMemory(this.#now);
    this.#accounts = new Accounts(store, this.#now);
    this.#log = new TokenLog(options.logger, options.metrics);
    this.#trustedIssuers = new TrustedIssuers(options.trustedIssuers ?? [], this.#now);
    this.#rotation = this.#rotateIfDue(signingMs);
    this.#timer = setInterval(() => {
      this.#rotation = this.#rotateIfDue(signingMs);
    }, rotationCheckMs).unref();
  }

  get issuer(): string {
    return `${this.#options.origin()}${this.#path}`;
  }

  get since(): Date {
    return this.#store.since();
  }

  async jwks(): Promise<PublicKeySet> {
    return (await this.#keys).publicKeys();
  }

  async rotateKeys(): Promise<void> {
    const keys = await this.#keys;
    await keys.rotate();
    // The library keeps its keys for ever; what is under way lives outside of it, and goes on.
    this.#engine = undefined;
    this.#options.logger.info("identity tokens are signed with a new key");
  }

  /** A key signs for so many days. */
  async #rotateIfDue(signingMs: number): Promise<void> {
    try {
      const keys = await this.#keys;
      if (keys.signsLongerThan(signingMs)) await this.rotateKeys();
    } catch (cause) {
      this.#options.logger.error({ err: cause }, "there is no new key for identity tokens");
    }
  }

  async addRoutes(app: FastifyInstance): Promise<void> {
    const { dev = false, logger, metrics, upstreams = [] } = this.#options;
    const common = {
      path: this.#path,
      issuer: () => new URL(this.issuer),
      engine: async () => this.#openEngine(),
      pages: () => this.#pages(),
      now: this.#now,
    };
    const signInParts = { store: this.#store, accounts: this.#accounts, logger, metrics };
    await app.register(async (scope) => {
      // Its pages depend on cookies: other sites' scripts read no more than the library lets them.
      scope.addHook("onRequest", async (_request, reply) => {
        reply.removeHeader("access-control-allow-origin");
        reply.removeHeader("access-control-expose-headers");
      });
      if (dev) scope.addHook("onRequest", async (request) => requireThisComputer(request));
      addProtocolRoutes(scope, common);
      addSignInRoutes(scope, {
        ...common,
        signIn: new SignIn(signInParts, this.#now),
        upstreams: new Upstreams(upstreams, this.#now),
        remember: (identity) => this.#accounts.remember(identity),
        tokens: new FormTokens(this.#store.secret("forms")),
        dev,
        logger,
      });
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    // It writes to the store.
    await this.#rotation;
    this.#store.close();
  }

  async #openEngine(): Promise<Engine> {
    this.#engine ??= this.#makeEngine();
    return this.#engine;
  }

  async #makeEngine(): Promise<Engine> {
    const { openEngine } = await import("./engine.ts");
    return openEngine({
      issuer: new URL(this.issuer),
      store: this.#store,
      keys: await this.#keys,
      accounts: this.#accounts,
      memory: this.#memory,
      trustedIssuers: this.#trustedIssuers,
      pages: this.#pages(),
      clientId: this.#options.clientId ?? "sigstore",
      tokenSeconds: this.#options.tokenSeconds ?? 300,
      log: this.#log,
      now: this.#now,
    });
  }

  #pages(): PageWriter {
    return new PageWriter(new URL(this.issuer), this.#options.dev ?? false);
  }
}

/**
 * Dev mode serves this computer alone, whatever it was told to listen on: the connection must come
 * in on a loopback address, and by a loopback name, as a web page could have its own name point
 * here (DNS rebinding).
 */
function requireThisComputer(request: FastifyRequest): void {
  const { localAddress, remoteAddress } = request.raw.socket;
  const hosts = [localAddress ?? "", remoteAddress ?? "", request.hostname];
  if (hosts.every(isLoopbackHost)) return;
  const message = "Dev mode serves this computer alone, by the name localhost.";
  throw new ServiceError("invalid", message, { status: 403 });
}
