// SPDX-License-Identifier: Apache-2.0

/** How many failures are borne in a while. */
export interface FailureLimit {
  readonly failuresMax: number;
  readonly windowMs: number;
}

/** Names that are remembered; of more, those whose first failure is longest ago are forgotten. */
const namesMax = 10_000;

/** Counts failures by name, and tells who must wait. In memory: a restart forgets. */
export class FailureCounter {
  readonly #limit: FailureLimit;
  readonly #now: () => number;
  /** In the order of their windows' starts. */
  readonly #failures = new Map<string, { count: number; readonly sinceMs: number }>();

  /** @param now milliseconds since the epoch. */
  constructor(limit: FailureLimit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** For how long a name must wait, in seconds; 0 where it need not. */
  waitSeconds(name: string): number {
    const entry = this.#current(name);
    if (!entry || entry.count < this.#limit.failuresMax) return 0;
    return Math.ceil((entry.sinceMs + this.#limit.windowMs - this.#now()) / 1000);
  }

  failed(name: string): void {
    const entry = this.#current(name);
    if (entry) {
      entry.count++;
      return;
    }
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= namesMax && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(name, { count: 1, sinceMs: this.#now() });
  }

  /** Takes back what was counted before its outcome was known. */
  undo(name: string): void {
    const entry = this.#current(name);
    if (entry) entry.count--;
  }

  /** Forgets the failures of a name. */
  forget(name: string): void {
    this.#failures.delete(name);
  }

  #current(name: string): { count: number; readonly sinceMs: number } | undefined {
    const entry = this.#failures.get(name);
    if (!entry) return undefined;
    if (this.#now() - entry.sinceMs < this.#limit.windowMs) return entry;
    this.#failures.delete(name);
    return undefined;
  }
}
