// SPDX-License-Identifier: Apache-2.0
// An OpenID provider on this machine that misbehaves in whatever way a test says.
import { loopback, type Loopback, type TestAnswer, type TestRequest } from "./loopback.ts";
import { base64Url, claims, type Claims, type TokenKey, tokenKey, tokenOf } from "./tokens.ts";

/** What is other than at a provider that does everything right. */
export interface Misbehaviour {
  /** Members of the discovery document; `undefined` leaves one out. */
  readonly discovery?: Claims;
  readonly claims?: Claims;
  readonly header?: Claims;
  /** Signs with this key; the published ones stay. */
  readonly signer?: TokenKey;
  readonly keys?: readonly unknown[];
  /** Answers of one path, in turn, instead of the right ones. */
  readonly answers?: Readonly<Record<string, readonly TestAnswer[]>>;
  /** Parameters of the address that the browser is sent back to; `undefined` leaves one out. */
  readonly callback?: Readonly<Record<string, string | undefined>>;
  readonly token?: Claims;
}

export interface TestProvider extends Loopback {
  readonly issuer: string;
  /** What a browser does with the address that it is shown: goes there, and comes back. */
  visit(address: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Forms that the token endpoint was sent. */
  readonly forms: Readonly<Record<string, string>>[];
}

const rightKey = tokenKey("RS256");

export async function oidcProvider(how: Misbehaviour = {}): Promise<TestProvider> {
  const forms: Record<string, string>[] = [];
  const counts = new Map<string, number>();
  let nonce: string | undefined;
  const answer = (request: TestRequest): TestAnswer => {
    const { pathname } = new URL(request.path, "http://x");
    if (pathname === "/token") forms.push(Object.fromEntries(new URLSearchParams(request.body)));
    const count = counts.get(pathname) ?? 0;
    counts.set(pathname, count + 1);
    const special = how.answers?.[pathname];
    const said = special?.[Math.min(count, special.length - 1)];
    if (said) return said;
    const json = rightAnswer(pathname);
    return json === undefined ? { status: 404 } : { body: JSON.stringify(json) };
  };
  const server = await loopback(answer);
  const issuer = server.url;

  function rightAnswer(pathname: string): object | undefined {
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return {
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          device_authorization_endpoint: `${issuer}/device`,
          jwks_uri: `${issuer}/keys`,
          code_challenge_methods_supported: ["S256"],
          ...how.discovery,
        };
      case "/keys":
        return { keys: how.keys ?? [rightKey.jwk] };
      case "/device":
        return {
          device_code: "device-secret",
          user_code: "ABCD-EFGH",
          verification_uri: `${issuer}/activate`,
          expires_in: 60,
        };
      case "/token":
        return tokenAnswer();
      default:
        return undefined;
    }
  }

  function tokenAnswer(): object {
    const accessToken = "an access token";
    const content = { ...claims, iss: issuer, nonce, ...how.claims };
    const id_token = tokenOf(content, how.signer ?? rightKey, how.header);
    return { id_token, access_token: accessToken, token_type: "bearer", ...how.token };
  }

  async function visit(address: string) {
    const asked = new URL(address).searchParams;
    nonce = asked.get("nonce") ?? undefined;
    const back = new URL(asked.get("redirect_uri") ?? "");
    const right = { code: "code-secret", state: asked.get("state") ?? undefined };
    for (const [name, value] of Object.entries({ ...right, ...how.callback })) {
      if (value !== undefined) back.searchParams.append(name, value);
    }
    const response = await fetch(back);
    return { status: response.status, text: await response.text() };
  }

  return { ...server, issuer, visit, forms };
}

/** `at_hash` of the provider's access token. */
export async function accessTokenHash(name: "SHA-256" | "SHA-512"): Promise<string> {
  const digest = await crypto.subtle.digest(name, new TextEncoder().encode("an access token"));
  return base64Url(new Uint8Array(digest, 0, digest.byteLength / 2));
}
