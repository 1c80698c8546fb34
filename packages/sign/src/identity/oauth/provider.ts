// SPDX-License-Identifier: Apache-2.0
import type { JsonObject } from "@chancery/formats/json";
import { SignError } from "../../errors.ts";
import { type HttpOptions, shownUrl } from "../../http/index.ts";
import { askJson, malformed, textOf } from "../ask.ts";

/** What an OpenID provider says of itself (OpenID Connect Discovery 1.0 §3), as far as is used. */
export interface Provider {
  readonly issuer: string;
  readonly authorizationUrl: URL | undefined;
  readonly tokenUrl: URL;
  readonly deviceUrl: URL | undefined;
  readonly jwksUrl: URL;
  readonly hasPkce: boolean;
  /** Ways of proving who the client is at the token endpoint; undefined where it does not say. */
  readonly clientAuthentications: readonly string[] | undefined;
  /** Whether its answers always name it (RFC 9207). */
  readonly namesItself: boolean;
}

/** Microsoft checks PKCE and does not say that it can. */
const silentPkce = /^https:\/\/login\.microsoftonline\.(com|us)\//;

/**
 * Asks an issuer what it offers. Its endpoints may be at other hosts, as Google's are, but never
 * without TLS if the issuer is not.
 *
 * @param issuer exactly as tokens name it; a slash at the end counts.
 * @throws SignError `oidc-…` | `malformed-service-url`
 */
export async function discover(issuer: string, http?: HttpOptions): Promise<Provider> {
  const url = discoveryUrl(issuer);
  const question = { service: "the identity provider", url };
  const document = await askJson(question, http, "check the address of the issuer");
  const found = textOf(question, document, "issuer");
  if (found !== issuer) {
    throw new SignError(
      "oidc-malformed",
      `the identity provider at ${shownUrl(url)} says that it is ${JSON.stringify(found)}`,
      "give the issuer exactly as it names itself, if that is who you mean",
    );
  }
  const endpoint = (name: string) => endpointOf(document, name, url);
  const [tokenUrl, jwksUrl] = [endpoint("token_endpoint"), endpoint("jwks_uri")];
  if (!tokenUrl) throw malformed(question, "names no token_endpoint");
  if (!jwksUrl) throw malformed(question, "names no jwks_uri");
  const methods = namesIn(document, "code_challenge_methods_supported") ?? [];
  return {
    issuer,
    authorizationUrl: endpoint("authorization_endpoint"),
    tokenUrl,
    deviceUrl: endpoint("device_authorization_endpoint"),
    jwksUrl,
    hasPkce: methods.includes("S256") || silentPkce.test(issuer),
    clientAuthentications: namesIn(document, "token_endpoint_auth_methods_supported"),
    namesItself: document["authorization_response_iss_parameter_supported"] === true,
  };
}

/** @throws SignError `oidc-unsupported` */
export function unsupported({ issuer }: Provider, what: string, hint: string): SignError {
  return new SignError("oidc-unsupported", `the identity provider ${issuer} ${what}`, hint);
}

function discoveryUrl(issuer: string): URL {
  const url = URL.parse(issuer);
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  const isPlain = url?.username === "" && url.password === "" && !/[?#]/.test(issuer);
  if (!url || !isWeb || !isPlain) {
    throw new SignError(
      "malformed-service-url",
      "the issuer of identity tokens is not an http or https URL without user, query and fragment",
      "give it as in https://oauth2.sigstore.dev/auth",
    );
  }
  url.pathname = `${url.pathname.replace(/\/$/, "")}/.well-known/openid-configuration`;
  return url;
}

function endpointOf(document: JsonObject, name: string, asked: URL): URL | undefined {
  const text = document[name];
  if (text === undefined || text === null || text === "") return undefined;
  const url = typeof text === "string" ? URL.parse(text) : null;
  const isSafe =
    url?.protocol === "https:" || (url?.protocol === "http:" && url.protocol === asked.protocol);
  if (url && isSafe && url.username === "" && url.password === "" && url.hash === "") return url;
  const question = { service: "the identity provider", url: asked };
  const demand = asked.protocol === "https:" ? "an https URL" : "a URL";
  throw malformed(question, `names a ${name} that is not ${demand}`);
}

function namesIn(document: JsonObject, name: string): readonly string[] | undefined {
  const list = document[name];
  if (!Array.isArray(list)) return undefined;
  return list.filter((item) => typeof item === "string");
}
