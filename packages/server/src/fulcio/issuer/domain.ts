// SPDX-License-Identifier: Apache-2.0
import { getDomain } from "tldts";
import { parseUri, type UriParts } from "../claims/index.ts";
import type { SettingProblem } from "./types.ts";

/**
 * Whether an issuer may speak for the names of a host: both are the same, or belong to one owner
 * by the public suffix list. Fulcio compares the last two labels: all of `co.uk` is one owner.
 */
export function isSameOwner(host: string, issuerHost: string): boolean {
  if (host === issuerHost) return true;
  const domain = getDomain(host, { allowPrivateDomains: true });
  return domain !== null && domain === getDomain(issuerHost, { allowPrivateDomains: true });
}

/** The parts of an issuer's URL, or of those that match its pattern. */
export function issuerUri(url: string): UriParts | undefined {
  return parseUri(url.replaceAll("*", "wildcard"));
}

/** Checks `subject-domain` without a scheme against the issuer's host. */
export function checkSubjectDomain(host: string, issuerUrl: string): SettingProblem | undefined {
  const setting = "subject-domain";
  const issuerHost = issuerUri(issuerUrl)?.host;
  if (issuerHost === undefined) return { setting, problem: `${issuerUrl} has no host to compare` };
  if (isSameOwner(host, issuerHost)) return undefined;
  const problem = `${host} and the issuer's host, ${issuerHost}, are not of the same domain`;
  return { setting, problem };
}
