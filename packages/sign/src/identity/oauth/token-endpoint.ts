// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from "@chancery/formats/json";
import { SignError } from "../../errors.ts";
import type { HttpOptions } from "../../http/index.ts";
import { ask, jsonOf, oauthWords, refused, type TokenQuestion } from "../ask.ts";
import type { OAuthClient } from "./client.ts";
import type { Provider } from "./provider.ts";

/** What a token endpoint gave. */
export interface TokenAnswer {
  readonly idToken: string;
  readonly accessToken: string | undefined;
}

/** What a provider says instead of giving a token (RFC 6749 §5.2). */
export interface OAuthRefusal {
  readonly error: string;
  /** For people, in one line. */
  readonly words: string;
}

/**
 * Asks the token endpoint, once: most grants are good for one question.
 *
 * @param form the grant; who asks is added.
 * @throws SignError `oidc-unreachable` | `oidc-unavailable` | `oidc-malformed`, also for an answer
 *   without an ID token; `oidc-refused` where it refuses without the words of OAuth
 */
export async function askTokenEndpoint(
  provider: Provider,
  client: OAuthClient,
  form: Readonly<Record<string, string>>,
  http: HttpOptions = {},
): Promise<TokenAnswer | OAuthRefusal> {
  const question: TokenQuestion = {
    service: "the identity provider",
    url: provider.tokenUrl,
    ...authenticated(provider, client, form),
  };
  const answer = await ask(question, { ...http, attemptsMax: 1 });
  if (answer.status !== 200 && !answer.headers.get("content-type")?.includes("json")) {
    throw refused(question, answer, "");
  }
  const body = jsonOf(question, answer);
  const { code, code_verifier, device_code } = form;
  const refusal = refusalIn(body, [client.secret, code, code_verifier, device_code]);
  if (refusal) return refusal;
  if (answer.status !== 200) throw refused(question, answer, "");
  const idToken = body["id_token"];
  if (typeof idToken !== "string" || idToken === "") {
    throw new SignError(
      "oidc-malformed",
      `the identity provider ${provider.issuer} gave no ID token`,
      "check that it speaks OpenID Connect, and that the client may use the scope openid",
    );
  }
  const accessToken = body["access_token"];
  return { idToken, accessToken: typeof accessToken === "string" ? accessToken : undefined };
}

export function isRefusal(answer: TokenAnswer | OAuthRefusal): answer is OAuthRefusal {
  return "error" in answer;
}

/** The refusal as an error. */
export function refusalError({ issuer }: Provider, { error, words }: OAuthRefusal): SignError {
  const message = `the identity provider ${issuer} refuses: ${words}`;
  if (error === "access_denied") return new SignError("oidc-denied", message);
  const isClient = error === "invalid_client" || error === "unauthorized_client";
  return new SignError(
    "oidc-refused",
    message,
    isClient ? "check the client's identifier, and its secret" : "try again",
  );
}

/** @param secrets what was sent and is not to be quoted. */
export function refusalIn(
  body: JsonObject,
  secrets: readonly (string | undefined)[] = [],
): OAuthRefusal | undefined {
  const { error } = body;
  if (typeof error !== "string" || error === "") return undefined;
  return { error, words: oauthWords(error, body["error_description"], secrets) };
}

/** The form and headers with which the client shows who it is (RFC 6749 §2.3.1). */
function authenticated(
  { clientAuthentications }: Provider,
  { id, secret }: OAuthClient,
  form: Readonly<Record<string, string>>,
): Pick<TokenQuestion, "form" | "headers"> {
  if (secret === undefined) return { form: { ...form, client_id: id } };
  // Where nothing is said, it is Basic (OpenID Connect Discovery 1.0 §3).
  const ways = clientAuthentications ?? ["client_secret_basic"];
  if (ways.includes("client_secret_post") && !ways.includes("client_secret_basic")) {
    return { form: { ...form, client_id: id, client_secret: secret } };
  }
  const credentials = `${formEncoded(id)}:${formEncoded(secret)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  return { form, headers: { authorization } };
}

function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
