// SPDX-License-Identifier: Apache-2.0

/** Why a service refused a request. Each API words it in its own shape. */
export type ServiceErrorCode =
  | "malformed" // the body or a parameter is not of its form
  | "invalid" // well formed, and refused: a signature, a digest, an algorithm
  | "unprocessable" // a field is missing or has another type, as Rekor v1's framework answers
  | "not-found"
  | "method-not-allowed"
  | "duplicate" // the entry exists, where the API answers that with a refusal
  | "too-large"
  | "unsupported-media-type"
  | "overloaded" // try again after a moment
  | "frozen" // the log takes no entries any more
  | "disabled" // the operator turned the endpoint off
  | "unavailable" // not ready yet, or stopping
  | "internal";

const statuses: Readonly<Record<ServiceErrorCode, number>> = {
  malformed: 400,
  invalid: 400,
  unprocessable: 422,
  "not-found": 404,
  "method-not-allowed": 405,
  duplicate: 409,
  "too-large": 413,
  "unsupported-media-type": 415,
  overloaded: 503,
  frozen: 405,
  disabled: 501,
  unavailable: 503,
  internal: 500,
};

/** What goes with a refusal. */
export interface ServiceErrorOptions extends ErrorOptions {
  /** Response headers, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Rekor v1's `code` in the body where it is not the status: 601 and up. */
  readonly wireCode?: number;
  /** HTTP status where it is not the code's. */
  readonly status?: number;
}

/** Refusal of a request. The message goes to the client: it never holds a secret. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ServiceErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly wireCode: number;

  constructor(code: ServiceErrorCode, message: string, options: ServiceErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = options.status ?? statuses[code];
    this.headers = options.headers ?? {};
    this.wireCode = options.wireCode ?? this.status;
  }
}
