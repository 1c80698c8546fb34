// SPDX-License-Identifier: Apache-2.0
import { FormatError, type FormatErrorCode } from "../errors/index.ts";

/** A part that cannot be read, or that the format demands and is missing. */
export interface Problem {
  /** JSON path in the bundle. */
  readonly place: string;
  readonly code: FormatErrorCode;
  readonly message: string;
}

/** Reads part by part, keeping what went wrong with one from the others. */
export class Problems {
  readonly #found: Problem[] = [];
  readonly #format: string;

  constructor(format: string) {
    this.#format = format;
  }

  get found(): readonly Problem[] {
    return this.#found;
  }

  /**
   * What `read` answers, or undefined with a problem noted where it refuses.
   * @param place of a part that is of another format, such as a certificate in base64.
   */
  attempt<T>(place: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      const own = cause.format === this.#format;
      const prefix = `${cause.format}${cause.place === "" ? "" : ` at ${cause.place}`}: `;
      const message =
        own && cause.message.startsWith(prefix)
          ? cause.message.slice(prefix.length)
          : cause.message;
      this.add({ place: own ? cause.place : place, code: cause.code, message });
      return undefined;
    }
  }

  /** Notes a problem, unless there is one at the same place. */
  add(problem: Problem): void {
    if (!this.#found.some(({ place }) => place === problem.place)) this.#found.push(problem);
  }
}
