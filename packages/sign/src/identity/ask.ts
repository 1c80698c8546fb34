// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import { isObject, type JsonObject, parseJson } from "@chancery/formats/json";
import { SignError, type SignErrorCode } from "../errors.ts";
import { exchange, type HttpAnswer, type HttpOptions, inOneLine, shownUrl } from "../http/index.ts";

/** A request to a service that issues tokens. */
export interface TokenQuestion {
  /** What is asked, for messages: `the token service of GitHub Actions`. */
  readonly service: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes it a POST; at most one of the two. */
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: Readonly<Record<string, unknown>>;
  readonly accept?: string;
}

const answerBytesMax = 256 << 10;
const timeoutMs = 15_000;
const jsonLimits = { sizeBytesMax: answerBytesMax, depthMax: 16, valuesMax: 16_384 };

/** Refusals that are read for their reason; 408, 425 and 429 may pass and are tried again. */
const refusals: readonly number[] = Array.from({ length: 100 }, (_, i) => 400 + i).filter(
  (status) => status !== 408 && status !== 425 && status !== 429,
);

const codes: Partial<Record<SignErrorCode, SignErrorCode>> = {
  "service-unreachable": "oidc-unreachable",
  "service-unavailable": "oidc-unavailable",
  "service-refused": "oidc-refused",
  "service-malformed": "oidc-malformed",
};

/**
 * Asks, with limits of time and size, and reads the answer whatever its status from 400 to 499.
 * What it says is never quoted, as it may repeat the secrets that were sent.
 *
 * @throws SignError `oidc-unreachable` | `oidc-unavailable` | `oidc-refused` | `oidc-malformed`
 */
export async function ask(question: TokenQuestion, options: HttpOptions = {}): Promise<HttpAnswer> {
  const { service, url, headers, form, json, accept } = question;
  const body = form
    ? new URLSearchParams(form).toString()
    : json
      ? JSON.stringify(json)
      : undefined;
  const request = {
    method: body === undefined ? "GET" : "POST",
    url,
    expected: [200, ...refusals],
    service,
    confidential: true,
    ...(accept === undefined ? {} : { accept }),
    ...(headers && { headers }),
    ...(body === undefined ? {} : { body }),
    ...(form && { contentType: "application/x-www-form-urlencoded" }),
  } as const;
  try {
    return await exchange(request, { responseBytesMax: answerBytesMax, timeoutMs, ...options });
  } catch (cause) {
    const code = cause instanceof SignError ? codes[cause.code] : undefined;
    if (!code || !(cause instanceof SignError)) throw cause;
    throw new SignError(code, cause.message, cause.hint, { cause });
  }
}

/**
 * As `ask`, for a JSON object with status 200.
 * @throws SignError `oidc-refused` for other statuses, and as `ask`
 */
export async function askJson(
  question: TokenQuestion,
  options?: HttpOptions,
  hint = "",
): Promise<JsonObject> {
  const answer = await ask(question, options);
  if (answer.status !== 200) throw refused(question, answer, hint);
  return jsonOf(question, answer);
}

/** @throws SignError `oidc-malformed` where the answer is no JSON object */
export function jsonOf(question: TokenQuestion, { body, headers }: HttpAnswer): JsonObject {
  try {
    const value = parseJson(body, "answer", jsonLimits);
    if (isObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const isPage = headers.get("content-type")?.includes("html") ?? false;
    const problem = isPage ? "answers with a web page" : `answers no strict JSON (${cause.code})`;
    throw malformed(question, problem, { cause });
  }
  throw malformed(question, "answers JSON that is no object");
}

/** A member that must be text. @throws SignError `oidc-malformed` */
export function textOf(question: TokenQuestion, answer: JsonObject, name: string): string {
  const value = answer[name];
  if (typeof value === "string" && value !== "") return value;
  throw malformed(question, `answers without ${name}`);
}

export function refused(
  { service, url }: TokenQuestion,
  { status }: HttpAnswer,
  hint: string,
): SignError {
  return new SignError("oidc-refused", `${service} at ${shownUrl(url)} answers ${status}`, hint);
}

export function malformed(
  { service, url }: Pick<TokenQuestion, "service" | "url">,
  problem: string,
  options?: ErrorOptions,
): SignError {
  return new SignError(
    "oidc-malformed",
    `${service} at ${shownUrl(url)} ${problem}`,
    "check that the address is that of such a service",
    options,
  );
}

/**
 * What an OAuth error answer says (RFC 6749 §5.2), for people: in one line, and without its words
 * where they repeat a secret that was sent.
 */
export function oauthWords(
  error: string,
  description: unknown,
  secrets: readonly (string | undefined)[] = [],
): string {
  const words = typeof description === "string" && description !== "" ? `: ${description}` : "";
  const text = `${error}${words}`;
  const leaks = secrets.some((secret) => secret !== undefined && text.includes(secret));
  return leaks ? "an error that repeats what was sent" : inOneLine(text);
}
