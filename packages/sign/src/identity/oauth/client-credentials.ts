// SPDX-License-Identifier: Apache-2.0
import { SignError } from "../../errors.ts";
import type { IdentityToken } from "../identity-token.ts";
import { scope } from "./client.ts";
import type { FlowInput } from "./flow.ts";
import { askTokenEndpoint, isRefusal, refusalError } from "./token-endpoint.ts";
import { verifyIdToken } from "./verify-id-token.ts";

/**
 * Signs a machine in with its client's secret (RFC 6749 §4.4). Providers give an ID token in answer
 * only if they mean to, with the client as its subject.
 *
 * @throws SignError `no-identity` without a secret | `oidc-…` | `identity-token-…`
 */
export async function signInWithClientCredentials(input: FlowInput): Promise<IdentityToken> {
  const { provider, client, http, nowMs } = input;
  if (client.secret === undefined) {
    throw new SignError(
      "no-identity",
      "the flow client_credentials needs the client's secret",
      "name the file that holds it: --oidc-client-secret-file FILE",
    );
  }
  const form = { grant_type: "client_credentials", scope };
  const answer = await askTokenEndpoint(provider, client, form, http);
  if (isRefusal(answer)) throw refusalError(provider, answer);
  return verifyIdToken(answer, { provider, client, nonce: undefined, nowMs: nowMs(), http });
}
