// SPDX-License-Identifier: Apache-2.0
import type Provider from "oidc-provider";
import type { errors as ProviderErrors, KoaContextWithOIDC } from "oidc-provider";
import { claimsOf, type Identity } from "./accounts.ts";
import type { KeyRing } from "./key-ring.ts";
import type { IdpStore } from "./store.ts";
import { SubjectTokenError, type TrustedIssuers } from "./trusted-issuers.ts";

/** How machines get tokens. */
export interface MachineGrants {
  readonly provider: Provider;
  readonly errors: typeof ProviderErrors;
  readonly store: IdpStore;
  readonly keys: KeyRing;
  readonly trustedIssuers: TrustedIssuers;
  /** The audience of every token. */
  readonly audience: string;
  readonly tokenSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export const tokenExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";

const tokenType = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;
const subjectTokenTypes = ["jwt", "id_token", "access_token"].map(tokenType);

/** Adds client credentials (RFC 6749 §4.4) and token exchange (RFC 8693) to a provider. */
export function addMachineGrants(grants: MachineGrants): void {
  const { provider, store, errors } = grants;
  provider.registerGrantType(
    "client_credentials",
    async (ctx) => {
      const id = clientOf(ctx);
      const client = store.machineClient(id);
      if (!client) throw new errors.InvalidClient("the machine client was removed");
      const identity = { subject: client.id, email: client.email };
      ctx.body = await issue(grants, identity, id);
    },
    ["scope", "redirect_uri", "audience"],
  );
  const parameters = ["subject_token", "subject_token_type", "requested_token_type"];
  provider.registerGrantType(
    tokenExchangeGrant,
    async (ctx) => {
      ctx.body = await exchange(grants, ctx);
    },
    [...parameters, "audience", "resource", "scope", "actor_token", "actor_token_type"],
  );
}

interface TokenAnswer {
  readonly access_token: string;
  readonly id_token: string;
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly issued_token_type?: string;
}

async function exchange(grants: MachineGrants, ctx: KoaContextWithOIDC): Promise<TokenAnswer> {
  const { errors, trustedIssuers, audience } = grants;
  const parameters = ctx.oidc.params ?? {};
  const text = (name: string): string | undefined => {
    const value = parameters[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const subjectToken = text("subject_token");
  if (subjectToken === undefined) throw new errors.InvalidRequest("subject_token is missing");
  if (!subjectTokenTypes.includes(text("subject_token_type") ?? "")) {
    const list = subjectTokenTypes.join(", ");
    throw new errors.InvalidRequest(`subject_token_type must be one of ${list}`);
  }
  if (text("actor_token") !== undefined) {
    throw new errors.InvalidRequest("actor_token is not supported: nobody acts for another here");
  }
  if ((text("audience") ?? audience) !== audience || text("resource") !== undefined) {
    throw new errors.InvalidTarget(`tokens are for the audience ${audience} alone`);
  }
  const requested = text("requested_token_type") ?? tokenType("id_token");
  if (!subjectTokenTypes.includes(requested)) {
    throw new errors.InvalidRequest("requested_token_type is not one that is issued here");
  }
  let identity: Identity;
  try {
    identity = await trustedIssuers.identify(subjectToken);
  } catch (cause) {
    if (!(cause instanceof SubjectTokenError)) throw cause;
    throw new errors.InvalidRequest(cause.message);
  }
  return { ...(await issue(grants, identity, clientOf(ctx))), issued_token_type: requested };
}

/** The client has been authenticated. */
function clientOf({ oidc }: KoaContextWithOIDC): string {
  return oidc.client?.clientId ?? "";
}

/** One token under both names: some clients read the one, some the other. */
async function issue(
  { provider, keys, audience, tokenSeconds, now }: MachineGrants,
  identity: Identity,
  clientId: string,
): Promise<TokenAnswer> {
  const { importJWK, SignJWT } = await import("jose");
  const [key] = keys.privateKeys();
  if (!key?.kid) throw new Error("there is no key to sign with");
  const seconds = Math.floor(now() / 1000);
  const token = await new SignJWT({ ...claimsOf(identity), azp: clientId })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: key.kid })
    .setIssuer(provider.issuer)
    // Clients look for their own name, certificate authorities for theirs.
    .setAudience(clientId === audience ? audience : [audience, clientId])
    .setJti(crypto.randomUUID())
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + tokenSeconds)
    .sign(await importJWK(key, "RS256"));
  return { access_token: token, id_token: token, token_type: "Bearer", expires_in: tokenSeconds };
}
