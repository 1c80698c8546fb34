// SPDX-License-Identifier: Apache-2.0
import {
  type AuthFlow,
  type IdentityContext,
  type IdentityRequest,
  type ObtainedIdentity,
  obtainIdentity,
  openInBrowser,
  type Person,
  TokenCache,
  tokenCacheFolder,
} from "@chancery/sign/identity";
import { CliError } from "../framework/index.ts";
import { pathOf } from "../files/index.ts";
import { exists, fetchUntil } from "../verification/index.ts";
import type { PlanNeeds, SigningPlan } from "./plan.ts";

/**
 * Who signs: by a token, by the surroundings, or by signing in. Says beforehand what will be public
 * of it, and asks whether that is meant where somebody can answer.
 * @throws SignError | CliError `declined`
 */
export async function askIdentity(plan: SigningPlan, needs: PlanNeeds): Promise<ObtainedIdentity> {
  await askToPublish(plan, needs);
  const identity = await obtainIdentity(await requestOf(plan, needs), contextOf(needs));
  const { token, source } = identity;
  needs.report.detail(`identity ${token.identity}, by ${source.name}: ${source.reason}`);
  return identity;
}

async function askToPublish(
  { logging: { logs } }: SigningPlan,
  { flags, io, report }: PlanNeeds,
): Promise<void> {
  const [log] = logs;
  if (!log || flags.yes) return;
  report.say(`The identity that signs, such as an e-mail address, will be public in ${log.url}`);
  report.say("and cannot be taken back from there.");
  if (!io.prompt || (await io.prompt.confirm("Publish it?"))) return;
  throw new CliError("usage", "declined", "nothing was signed", {
    hint: "sign with a key by itself, which names nobody: --key FILE",
  });
}

async function requestOf(plan: SigningPlan, { flags, io }: PlanNeeds): Promise<IdentityRequest> {
  const { identityToken: given, oidcClientId, oidcRedirectUrl, oidcProvider } = flags;
  const { oidcClientSecretFile: secretFile } = flags;
  const folder = flags.tokenCache ? tokenCacheFolder(io.env) : undefined;
  const isFile = given !== undefined && given.length < 4096 && (await exists(io, given));
  return {
    ...(given === undefined ? {} : { identityToken: isFile ? pathOf(io, given) : given }),
    ...(plan.oidcIssuer === undefined ? {} : { issuer: plan.oidcIssuer }),
    ...(oidcClientId === undefined ? {} : { clientId: oidcClientId }),
    ...(secretFile === undefined ? {} : { clientSecretFile: pathOf(io, secretFile) }),
    ...(oidcRedirectUrl === undefined ? {} : { redirectUrl: oidcRedirectUrl }),
    ...(oidcProvider === undefined ? {} : { provider: oidcProvider }),
    ...(flags.fulcioAuthFlow === undefined ? {} : { flow: flags.fulcioAuthFlow as AuthFlow }),
    ...(folder === undefined ? {} : { cache: new TokenCache(folder) }),
    ambientDisabled: flags.oidcDisableAmbientProviders,
  };
}

function contextOf({ flags, io, report, signal }: PlanNeeds): IdentityContext {
  const { prompt, env, stderr } = io;
  const person: Person = {
    tell: (line) => report.say(line),
    openBrowser: (url) => openInBrowser(url, env),
    ...(prompt && { ask: (question: string) => prompt.secret(question) }),
  };
  // A flow that is asked for has somebody to read what it says; off terminals nobody may.
  const isThere = prompt !== undefined || stderr.isTTY || flags.fulcioAuthFlow !== undefined;
  return {
    environment: env,
    http: { fetch: fetchUntil(signal), signal },
    ...(isThere ? { person } : {}),
    note: (line) => report.detail(line),
    now: () => io.now().getTime(),
  };
}
