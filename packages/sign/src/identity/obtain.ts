// SPDX-License-Identifier: Apache-2.0
import { SignError } from "../errors.ts";
import { ambientSource, ambientSources } from "./ambient/registry.ts";
import type { TokenCache } from "./cache.ts";
import type { IdentityContext } from "./context.ts";
import { givenIdentity } from "./given.ts";
import { IdentityToken } from "./identity-token.ts";
import { type AuthFlow, signIn, type SignInOptions } from "./sign-in.ts";
import type { AmbientSource, Detection, ObtainedIdentity } from "./source.ts";

/** Who is to sign, in the words of the command's flags. */
export interface IdentityRequest extends SignInOptions {
  /** `--identity-token`: a token, or a file with one. */
  readonly identityToken?: string;
  /** `--oidc-provider`: this ambient source and no other. */
  readonly provider?: string;
  /** `--oidc-disable-ambient-providers` */
  readonly ambientDisabled?: boolean;
  /** Whom tokens must be for, besides the client. Default `sigstore`. */
  readonly audience?: string;
  /** Refuses where several ambient sources are present, instead of taking the first. */
  readonly refuseAmbiguity?: boolean;
  /** `--fulcio-auth-flow` */
  readonly flow?: AuthFlow;
  /** Where people's tokens are kept; absent, they are not. */
  readonly cache?: TokenCache;
}

interface Present extends Detection {
  readonly source: AmbientSource;
}

/**
 * Obtains an identity token, as cosign does: the one that was given; else from the first ambient
 * source that gives one; else by having somebody sign in.
 *
 * A token has been refused here if it has expired, is not for the audience or the client, or holds
 * an e-mail address that was not verified. Whether its issuer made it is only known of sign-ins.
 *
 * @throws SignError `no-identity` where nothing gives one; `ambiguous-identity`;
 *   `unknown-identity-source`; of the first source that was meant to give one and failed:
 *   `identity-token-…` | `email-unverified` | `oidc-…` | `device-…`
 */
export async function obtainIdentity(
  request: IdentityRequest,
  context: IdentityContext,
): Promise<ObtainedIdentity> {
  const given = await givenIdentity(request.identityToken, context);
  if (given) return accepted(given, request, context);
  if (request.flow === "token") {
    throw new SignError(
      "no-identity",
      "the flow token needs a token",
      "give it: --identity-token TOKEN",
    );
  }
  const ambient = await ambientIdentity(request, context);
  if (ambient) return ambient;
  const identity = await signIn(request, context);
  if (identity) return accepted(identity, request, context);
  throw nobody(request, context);
}

/** The ambient sources that are present, in the order in which they would be asked. */
export async function detectAmbientSources(
  context: IdentityContext,
  audience = "sigstore",
): Promise<readonly { readonly name: string; readonly reason: string }[]> {
  const present = await presentSources(context, audience);
  return present.map(({ source, reason }) => ({ name: source.name, reason }));
}

async function presentSources(context: IdentityContext, audience: string): Promise<Present[]> {
  const found: Present[] = [];
  for (const source of ambientSources) {
    const detection = await source.detect(context, audience);
    if (detection) found.push({ source, ...detection });
  }
  return found;
}

async function ambientIdentity(
  request: IdentityRequest,
  context: IdentityContext,
): Promise<ObtainedIdentity | undefined> {
  const { provider, ambientDisabled = false, audience = "sigstore" } = request;
  if (provider !== undefined) {
    const source = ambientSource(provider);
    const reason = `it was asked for: --oidc-provider ${provider}`;
    return identityFrom({ source, reason, intended: true }, request, context);
  }
  if (ambientDisabled) return undefined;
  const present = await presentSources(context, audience);
  if (request.refuseAmbiguity && present.length > 1) throw ambiguous(present);
  let failure: unknown;
  for (const candidate of present) {
    try {
      return await identityFrom(candidate, request, context);
    } catch (cause) {
      if (!(cause instanceof SignError)) throw cause;
      const { source, intended } = candidate;
      context.note?.(`the identity source ${source.name} gave no token: ${cause.message}`);
      if (intended) failure ??= cause;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}

async function identityFrom(
  { source, reason }: Present,
  request: IdentityRequest,
  context: IdentityContext,
): Promise<ObtainedIdentity> {
  const token = new IdentityToken(await source.token(request.audience ?? "sigstore", context));
  return accepted({ token, source: { name: source.name, reason } }, request, context);
}

function accepted(
  identity: ObtainedIdentity,
  { audience = "sigstore", clientId = "sigstore" }: IdentityRequest,
  { now = Date.now }: IdentityContext,
): ObtainedIdentity {
  identity.token.requireUnexpired(now());
  identity.token.requireAudience([...new Set([audience, clientId])]);
  return identity;
}

function ambiguous(present: readonly Present[]): SignError {
  const list = present.map(({ source, reason }) => `${source.name} (${reason})`).join(", ");
  return new SignError(
    "ambiguous-identity",
    `${present.length} sources could say who signs: ${list}`,
    `choose one: --oidc-provider ${present[0]?.source.name ?? "NAME"}`,
  );
}

function nobody({ audience = "sigstore" }: IdentityRequest, context: IdentityContext): SignError {
  const lacking = ambientSources.flatMap((source) => source.lacking?.(context, audience) ?? []);
  return new SignError(
    "no-identity",
    "nothing here says who signs, and nobody is there to sign in",
    lacking[0] ?? "give a token: --identity-token TOKEN; or set SIGSTORE_ID_TOKEN",
  );
}
