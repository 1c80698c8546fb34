// SPDX-License-Identifier: Apache-2.0
import type { Configuration, CustomFetch } from "openid-client";
import type { Identity } from "./accounts.ts";
import { limitedFetch } from "./limited-fetch.ts";
import type { UpstreamOptions } from "./options.ts";
import { isLoopbackHost } from "./redirects.ts";
import { randomText, textEqualInConstantTime } from "./secrets.ts";
import { isEmail } from "./store.ts";

/** Why a sign-in at another provider came to nothing. The text goes to the person. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
}

/** A sign-in that is under way elsewhere. */
interface Journey {
  readonly upstream: UpstreamOptions;
  /** The interaction that it is for. */
  readonly uid: string;
  /** What the browser that began it holds in a cookie. */
  readonly browser: string;
  readonly codeVerifier: string;
  readonly nonce: string;
  readonly endMs: number;
}

const [journeysMax, journeyMs] = [10_000, 10 * 60_000];

/** Sends people to other providers to sign in, and takes them back. */
export class Upstreams {
  readonly #upstreams: ReadonlyMap<string, UpstreamOptions>;
  readonly #now: () => number;
  readonly #configurations = new Map<string, Promise<Configuration>>();
  /** By state. */
  readonly #journeys = new Map<string, Journey>();
  /** Who came back, by interaction, until that goes on. */
  readonly #arrived = new Map<string, { readonly identity: Identity; readonly endMs: number }>();

  /** @param now milliseconds since the epoch. */
  constructor(upstreams: readonly UpstreamOptions[], now: () => number) {
    this.#upstreams = new Map(upstreams.map((upstream) => [upstream.id, upstream]));
    this.#now = now;
  }

  /** For the buttons. */
  list(): readonly UpstreamOptions[] {
    return [...this.#upstreams.values()];
  }

  /** Where the forms may lead. */
  get origins(): readonly string[] {
    return this.list().map(({ issuer }) => new URL(issuer).origin);
  }

  /**
   * Begins a sign-in.
   * @returns where to send the browser, and what it must hold in a cookie meanwhile: without it,
   *   somebody could begin a sign-in and have another person finish it.
   * @throws UpstreamError
   */
  async depart(
    id: string,
    uid: string,
    redirectUri: string,
  ): Promise<{ readonly url: URL; readonly browser: string }> {
    const upstream = this.#upstreams.get(id);
    if (!upstream) throw new UpstreamError("there is no such place to sign in");
    const client = await import("openid-client");
    const configuration = await this.#configurationOf(upstream);
    const state = randomText();
    const journey: Journey = {
      upstream,
      uid,
      browser: randomText(),
      codeVerifier: client.randomPKCECodeVerifier(),
      nonce: randomText(),
      endMs: this.#now() + journeyMs,
    };
    forget(this.#journeys, this.#now());
    this.#journeys.set(state, journey);
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: "openid email",
      state,
      nonce: journey.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(journey.codeVerifier),
      code_challenge_method: "S256",
    });
    return { url, browser: journey.browser };
  }

  /**
   * Takes the answer of the other provider.
   * @param url that the browser came back to, with its query. @param browser what its cookie holds.
   * @returns the interaction to go on with. @throws UpstreamError
   */
  async arrive(url: URL, browser: string | undefined): Promise<string> {
    const state = url.searchParams.get("state") ?? "";
    const journey = this.#journeys.get(state);
    this.#journeys.delete(state);
    if (!journey || journey.endMs <= this.#now()) {
      throw new UpstreamError("this sign-in took too long, or was finished before");
    }
    if (browser === undefined || !textEqualInConstantTime(browser, journey.browser)) {
      throw new UpstreamError("this sign-in was begun in another browser");
    }
    const identity = await this.#redeem(journey, url, state);
    forget(this.#arrived, this.#now());
    this.#arrived.set(journey.uid, { identity, endMs: this.#now() + journeyMs });
    return journey.uid;
  }

  /** Who signed in for an interaction; told once. */
  collect(uid: string): Identity | undefined {
    const arrived = this.#arrived.get(uid);
    this.#arrived.delete(uid);
    return arrived && arrived.endMs > this.#now() ? arrived.identity : undefined;
  }

  async #redeem(journey: Journey, url: URL, state: string): Promise<Identity> {
    const { upstream, codeVerifier, nonce } = journey;
    const client = await import("openid-client");
    try {
      const answer = await client.authorizationCodeGrant(
        await this.#configurationOf(upstream),
        url,
        {
          pkceCodeVerifier: codeVerifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        },
      );
      return identityOf(upstream, answer.claims() ?? {});
    } catch (cause) {
      if (cause instanceof UpstreamError) throw cause;
      const message = `${upstream.name} did not sign you in, or its answer could not be checked`;
      throw new UpstreamError(message, { cause });
    }
  }

  async #configurationOf(upstream: UpstreamOptions): Promise<Configuration> {
    let configuration = this.#configurations.get(upstream.id);
    if (!configuration) {
      configuration = discover(upstream);
      this.#configurations.set(upstream.id, configuration);
      configuration.catch(() => this.#configurations.delete(upstream.id));
    }
    try {
      return await configuration;
    } catch (cause) {
      throw new UpstreamError(`${upstream.name} cannot be reached: try again later`, { cause });
    }
  }
}

async function discover(upstream: UpstreamOptions): Promise<Configuration> {
  const client = await import("openid-client");
  const { issuer, clientId, clientSecret } = upstream;
  const url = new URL(issuer);
  const authentication =
    clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret);
  const request: CustomFetch = async (address, { method, headers, body }) =>
    limitedFetch(address, { method, headers, body: body ?? null });
  const configuration = await client.discovery(url, clientId, undefined, authentication, {
    [client.customFetch]: request,
    // Without TLS only where nobody is in between.
    execute: isLoopbackHost(url.hostname) ? [client.allowInsecureRequests] : [],
  });
  configuration[client.customFetch] = request;
  return configuration;
}

/** @throws UpstreamError where the provider does not vouch for the address */
function identityOf(
  { id, name, issuer }: UpstreamOptions,
  { sub, email, email_verified: verified }: Record<string, unknown>,
): Identity {
  if (typeof sub !== "string" || sub === "" || sub.length > 1024) {
    throw new UpstreamError(`${name} does not say who you are`);
  }
  if (typeof email !== "string" || !isEmail(email)) {
    throw new UpstreamError(`${name} does not tell your e-mail address`);
  }
  if (verified !== true && verified !== "true") {
    throw new UpstreamError(`${name} has not verified that ${email} is yours: verify it there`);
  }
  return { subject: `${id}:${sub}`, email, upstream: { issuer, subject: sub } };
}

/** Drops what is over, and the oldest of too many. */
function forget(map: Map<string, { readonly endMs: number }>, now: number): void {
  for (const [key, { endMs }] of map) {
    if (endMs > now && map.size < journeysMax) return;
    map.delete(key);
  }
}
