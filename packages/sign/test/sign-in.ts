// SPDX-License-Identifier: Apache-2.0
// Signing in as the browser flow does it, at test providers.
import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { SignErrorCode } from "../src/errors.ts";
import type { IdentityToken, Person } from "../src/identity/index.ts";
import { signInWithBrowser } from "../src/identity/oauth/authorization-code.ts";
import type { FlowInput } from "../src/identity/oauth/flow.ts";
import { discover } from "../src/identity/oauth/provider.ts";
import { refuses } from "./keys.ts";
import { type Misbehaviour, oidcProvider, type TestProvider } from "./oidc-provider.ts";
import { now } from "./tokens.ts";

interface Attempt {
  readonly flow?: Partial<FlowInput>;
  readonly person?: Partial<Person>;
  readonly callbackMs?: number;
}

interface SignInEnd {
  readonly outcome: IdentityToken | Error;
  readonly told: readonly string[];
  /** What the browser shows at the end. */
  readonly page: Awaited<ReturnType<TestProvider["visit"]>> | undefined;
}

/** Signs in with a browser that goes where it is sent at once. */
export async function signIn(provider: TestProvider, attempt: Attempt = {}): Promise<SignInEnd> {
  const told: string[] = [];
  let visit: ReturnType<TestProvider["visit"]> | undefined;
  const openBrowser = async (url: string) => {
    visit = provider.visit(url);
    return true;
  };
  const person = { tell: (line: string) => void told.push(line), openBrowser, ...attempt.person };
  const http = { wait: async () => undefined };
  const input = {
    provider: await discover(provider.issuer, http),
    client: { id: "sigstore", secret: undefined },
    nowMs: () => now,
    http,
    redirectUrl: undefined,
    connector: undefined,
    ...attempt.flow,
  };
  const outcome: IdentityToken | Error = await signInWithBrowser(
    input,
    person,
    attempt.callbackMs,
  ).catch((error: Error) => error);
  return { outcome, told, page: await visit };
}

/** Signs in at a provider that misbehaves, and checks the error, which must hold no secret. */
export async function fails(
  how: Misbehaviour,
  code: SignErrorCode,
  words?: RegExp,
  attempt?: Attempt,
): Promise<{ readonly provider: TestProvider; readonly page: SignInEnd["page"] }> {
  const provider = await oidcProvider(how);
  const { outcome, page } = await signIn(provider, attempt);
  refuses(code, words)(outcome);
  const all = inspect(outcome, { depth: 8 });
  for (const secret of ["code-secret", "client-secret", provider.forms[0]?.["code_verifier"]]) {
    assert.ok(secret === undefined || !all.includes(secret), all);
  }
  return { provider, page };
}
