// SPDX-License-Identifier: Apache-2.0
import { SignError } from "../errors.ts";
import type { TokenCache } from "./cache.ts";
import type { IdentityContext } from "./context.ts";
import type { IdentityToken } from "./identity-token.ts";
import { signInWithBrowser } from "./oauth/authorization-code.ts";
import { signInWithClientCredentials } from "./oauth/client-credentials.ts";
import { signInWithDevice } from "./oauth/device.ts";
import type { FlowInput } from "./oauth/flow.ts";
import { discover } from "./oauth/provider.ts";
import { readTokenFile } from "./read-token-file.ts";
import type { ObtainedIdentity } from "./source.ts";

/** As `--fulcio-auth-flow` names them. */
export type AuthFlow = "normal" | "device" | "token" | "client_credentials";

/** The provider to sign in at, in the words of the command's flags. */
export interface SignInOptions {
  /** `--oidc-issuer`. Absent: nobody signs in. */
  readonly issuer?: string;
  /** `--oidc-client-id`. Default `sigstore`. */
  readonly clientId?: string;
  /** `--oidc-client-secret-file` */
  readonly clientSecretFile?: string;
  /** `--oidc-redirect-url`. Default `http://localhost:0/auth/callback`. */
  readonly redirectUrl?: string;
  /** Which of the providers behind the issuer's (dex). */
  readonly connector?: string;
  /** Default: `normal` where the person can type, else `device`. */
  readonly flow?: AuthFlow;
  readonly cache?: TokenCache;
}

/**
 * Has a person, or a machine with a client's secret, sign in.
 * @returns undefined where there is no issuer, or nobody is there
 * @throws SignError as the flows do
 */
export async function signIn(
  options: SignInOptions,
  context: IdentityContext,
): Promise<ObtainedIdentity | undefined> {
  const { issuer, flow } = options;
  if (issuer === undefined) return undefined;
  if (flow === "client_credentials") {
    const token = await signInWithClientCredentials(await flowInput(issuer, options, context));
    return { token, source: { name: flow, reason: `the client's secret, at ${issuer}` } };
  }
  const { person } = context;
  if (!person) return undefined;
  const kept = await keptIdentity(issuer, options, context);
  if (kept) return kept;
  const input = await flowInput(issuer, options, context);
  const isDevice = (flow ?? (person.ask ? "normal" : "device")) === "device";
  const token = await (isDevice
    ? signInWithDevice(input, person)
    : signInWithBrowser(input, person));
  await keep(issuer, token, options, context);
  const name = isDevice ? "device" : "browser";
  return { token, source: { name, reason: `signed in at ${issuer}` } };
}

async function flowInput(
  issuer: string,
  options: SignInOptions,
  { http, now = Date.now }: IdentityContext,
): Promise<FlowInput> {
  const { clientId: id = "sigstore", clientSecretFile: file, redirectUrl, connector } = options;
  const secret = file === undefined ? undefined : await readSecret(file);
  const provider = await discover(issuer, http);
  return { provider, client: { id, secret }, http, nowMs: now, redirectUrl, connector };
}

async function readSecret(path: string): Promise<string> {
  const secret = await readTokenFile(path);
  if (secret !== "") return secret;
  const message = `the file ${path}, which should hold the client's secret, is empty`;
  throw new SignError("identity-token-unreadable", message);
}

async function keptIdentity(
  issuer: string,
  { cache, clientId = "sigstore" }: SignInOptions,
  { now = Date.now, note }: IdentityContext,
): Promise<ObtainedIdentity | undefined> {
  if (!cache) return undefined;
  try {
    const token = await cache.load({ issuer, clientId }, now());
    return token && { token, source: { name: "cache", reason: `signed in at ${issuer} before` } };
  } catch (cause) {
    // The person can sign in all the same.
    if (!(cause instanceof SignError)) throw cause;
    note?.(cause.message);
    return undefined;
  }
}

async function keep(
  issuer: string,
  token: IdentityToken,
  { cache, clientId = "sigstore" }: SignInOptions,
  { note }: IdentityContext,
): Promise<void> {
  try {
    await cache?.save({ issuer, clientId }, token);
  } catch (cause) {
    // There is an identity to sign with, which is what was wanted.
    if (!(cause instanceof SignError)) throw cause;
    note?.(cause.message);
  }
}
