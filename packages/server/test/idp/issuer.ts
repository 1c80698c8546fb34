// SPDX-License-Identifier: Apache-2.0
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

/** An issuer of tokens with two documents and one key, such as a CI system is. */
export interface TestIssuer {
  readonly url: string;
  readonly publicJwk: JWK;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
  /** Signs claims, valid for a minute; `undefined` leaves one out. */
  sign(claims: JWTPayload): Promise<string>;
  close(): Promise<void>;
}

/** @param options.redirectTo where it sends everybody instead of answering. */
export async function startIssuer(
  options: { readonly redirectTo?: string } = {},
): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const publicJwk = { ...(await exportJWK(publicKey)), kid: crypto.randomUUID(), alg: "ES256" };
  const requests: string[] = [];
  let url = "";
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    if (options.redirectTo !== undefined) {
      response.writeHead(302, { location: options.redirectTo }).end();
      return;
    }
    const documents: Readonly<Record<string, object>> = {
      "/.well-known/openid-configuration": { issuer: url, jwks_uri: `${url}/keys` },
      "/keys": { keys: [publicJwk] },
    };
    const found = documents[request.url ?? ""];
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    publicJwk,
    requests,
    sign: async (claims) => {
      const iat = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: url, iat, exp: iat + 60, ...claims })
        .setProtectedHeader({ alg: "ES256", kid: publicJwk.kid })
        .sign(privateKey);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
