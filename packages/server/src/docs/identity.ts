// SPDX-License-Identifier: Apache-2.0
import { type ApiSection, array, ok, ref, text } from "./document.ts";
import { object, string } from "./json-schema.ts";

const tags = ["Sign-in"];
const refused = ok("A refusal, as OAuth 2.0 has it", ref("OAuthError"));
const form = (properties: Record<string, object>, required: readonly string[]): object => ({
  required: true,
  content: { "application/x-www-form-urlencoded": { schema: object(properties, required) } },
});

/** The identity provider. Its pages are for browsers, and are not described. */
export const identitySection: ApiSection = {
  service: "idp",
  tag: {
    name: "Sign-in",
    description: `An OpenID provider for people and machines: authorization code with PKCE, the \
device flow, client credentials, and the exchange of tokens of other issuers. Clients learn all of it \
from \`/oidc/.well-known/openid-configuration\`. Tokens are signed with RS256, for the audience \
\`sigstore\`.`,
  },
  paths: {
    "/oidc/.well-known/openid-configuration": {
      get: {
        operationId: "getOpenIdConfiguration",
        summary: "What there is, and where",
        tags,
        responses: {
          200: ok("OpenID Connect Discovery 1.0", { type: "object" }),
          default: refused,
        },
      },
    },
    "/oidc/jwks": {
      get: {
        operationId: "getJwks",
        summary: "The keys that sign tokens",
        tags,
        responses: {
          200: {
            description: "RFC 7517",
            content: {
              "application/jwk-set+json": {
                schema: object({ keys: array({ type: "object" }) }, ["keys"]),
              },
            },
          },
          default: refused,
        },
      },
    },
    "/oidc/auth": {
      get: {
        operationId: "authorize",
        summary: "Begins a sign-in in a browser",
        tags,
        parameters: [],
        responses: {
          303: { description: "To the page of the sign-in, or back with a refusal" },
          default: text("A page that says what is wrong", "text/html"),
        },
      },
    },
    "/oidc/device/auth": {
      post: {
        operationId: "beginDeviceFlow",
        summary: "Begins a sign-in on another device (RFC 8628)",
        tags,
        requestBody: form({ client_id: string, scope: string }, ["client_id"]),
        responses: {
          200: ok("Codes, and where to enter them", { type: "object" }),
          default: refused,
        },
      },
    },
    "/oidc/token": {
      post: {
        operationId: "getToken",
        summary: "Gives out tokens: for codes, to machines, for tokens of others",
        tags,
        requestBody: form({ grant_type: string, client_id: string }, ["grant_type"]),
        responses: { 200: ok("Tokens", { type: "object" }), default: refused },
      },
    },
  },
  schemas: {
    OAuthError: object({ error: string, error_description: string }, ["error"]),
  },
};
