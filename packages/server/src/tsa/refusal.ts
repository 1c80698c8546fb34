// SPDX-License-Identifier: Apache-2.0
import type { TimestampFailure } from "@chancery/formats/tsp";
import { ServiceError, type ServiceErrorCode, type ServiceErrorOptions } from "../errors.ts";

/** Why there is no timestamp: as HTTP says it, and as RFC 3161 does. */
export class TimestampRefusal extends ServiceError {
  readonly failure: TimestampFailure;

  constructor(
    code: ServiceErrorCode,
    failure: TimestampFailure,
    message: string,
    options: ServiceErrorOptions = {},
  ) {
    super(code, message, options);
    this.failure = failure;
  }
}

/** What Sigstore's authority says of whatever it cannot read or sign. */
export const generalMessage = "Error generating timestamp response";
