// SPDX-License-Identifier: Apache-2.0
import type { IncomingHttpHeaders } from "node:http";

/** A request to an OAuth endpoint, of which headers and body can change before it is served. */
export interface OAuthRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** Parameters of a form, each at its first value. */
export function formOf({ headers, body }: OAuthRequest): URLSearchParams {
  const isForm = /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(
    headers["content-type"] ?? "",
  );
  return new URLSearchParams(isForm ? Buffer.from(body).toString("utf8") : "");
}

/**
 * Lets public clients name themselves as their libraries do: Go's oauth2 and sigstore-python send
 * HTTP Basic with the client's name and an empty password (RFC 6749 §2.3.1), where the provider
 * wants `client_id` in the form. A header with a password stays as it is.
 */
export function withPublicClientNamed(request: OAuthRequest): OAuthRequest {
  const [, encoded] =
    /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(request.headers.authorization ?? "") ?? [];
  if (encoded === undefined) return request;
  const [, name] = /^([^:]*):$/.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  if (name === undefined) return request;
  const form = formOf(request);
  const clientId = decodeForm(name);
  if (clientId === undefined || (form.get("client_id") ?? clientId) !== clientId) return request;
  form.set("client_id", clientId);
  if (form.get("client_secret") === "") form.delete("client_secret");
  const headers = { ...request.headers };
  delete headers.authorization;
  return { headers, body: Buffer.from(form.toString()) };
}

function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined; // not form-encoded: the provider refuses the header
  }
}
