// SPDX-License-Identifier: Apache-2.0
import { SignError } from "../errors.ts";

/**
 * The address of an endpoint below a service's base URL, whose own path is kept.
 *
 * @param path without a leading slash, its parts already encoded.
 * @param query members that are undefined are left out.
 * @throws SignError `malformed-service-url` for a base that is no http or https URL, or that holds
 *   a user, a query or a fragment
 */
export function serviceUrl(
  base: string,
  path: string,
  query: Readonly<Record<string, string | undefined>> = {},
): URL {
  const url = URL.parse(base);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw malformed(JSON.stringify(base), "is not an http or https URL");
  }
  if (url.username !== "" || url.password !== "") {
    throw malformed(shownUrl(url), "holds a user or password");
  }
  if (url.search !== "" || url.hash !== "") {
    throw malformed(shownUrl(url), "holds a query or a fragment");
  }
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.append(name, value);
  }
  return url;
}

/** The address without user, password and query, which may be secrets. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function malformed(shown: string, problem: string): SignError {
  return new SignError(
    "malformed-service-url",
    `the address of the service, ${shown}, ${problem}`,
    "give the base URL of the service, such as https://rekor.example.com",
  );
}
