// SPDX-License-Identifier: Apache-2.0
import { SignError } from "../../errors.ts";
import { type IdentityContext, variable } from "../context.ts";

/** @throws SignError `identity-token-unreadable` */
export function requiredVariable(context: IdentityContext, name: string): string {
  const value = variable(context, name);
  if (value === undefined) throw unusable(name, "is not set or empty");
  // Such a value would otherwise be refused by `fetch`, which quotes it.
  if (/[^\x21-\x7e]/.test(value)) throw unusable(name, "holds spaces or control characters");
  return value;
}

/**
 * The address in a variable, with its query.
 * @throws SignError `identity-token-unreadable`
 */
export function addressIn(context: IdentityContext, name: string, fallback?: string): URL {
  const text = fallback === undefined ? requiredVariable(context, name) : variable(context, name);
  const url = URL.parse(text ?? fallback ?? "");
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url && isWeb && url.username === "" && url.password === "") return url;
  throw unusable(name, "is not an http or https address");
}

function unusable(name: string, problem: string): SignError {
  return new SignError(
    "identity-token-unreadable",
    `the variable ${name}, which leads to identity tokens, ${problem}`,
    "it is set by the system that runs the job: check its configuration",
  );
}
