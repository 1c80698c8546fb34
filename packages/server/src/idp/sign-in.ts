// SPDX-License-Identifier: Apache-2.0
import type { FastifyBaseLogger } from "fastify";
import { Counter } from "prom-client";
import type { ServerMetrics } from "../http/index.ts";
import type { Accounts, Identity } from "./accounts.ts";
import { PasswordChecker } from "./password.ts";
import { FailureCounter } from "./rate-limit.ts";
import { type IdpStore, isEmail } from "./store.ts";

/** What came of a try to sign in. */
export type SignInOutcome =
  | { readonly identity: Identity }
  /** @param status of the answer. @param problem for the person. */
  | {
      readonly status: 400 | 403 | 429 | 503;
      readonly problem: string;
      readonly waitSeconds?: number;
    };

/** Tries in five minutes: for one address from one place, from one place, for one address. */
const [windowMs, limits] = [5 * 60_000, { pair: 5, place: 60, address: 50 }] as const;

/** The text is the same for a wrong password and a user that does not exist. */
const wrong = "The e-mail address or the password is wrong.";

/** Signs local users in, and in dev mode anybody. */
export class SignIn {
  readonly #store: IdpStore;
  readonly #accounts: Accounts;
  readonly #logger: FastifyBaseLogger;
  readonly #passwords = new PasswordChecker();
  readonly #failures: Readonly<Record<keyof typeof limits, FailureCounter>>;
  readonly #tries: Counter;

  /** @param now milliseconds since the epoch. */
  constructor(
    parts: {
      readonly store: IdpStore;
      readonly accounts: Accounts;
      readonly logger: FastifyBaseLogger;
      readonly metrics: ServerMetrics;
    },
    now: () => number,
  ) {
    this.#store = parts.store;
    this.#accounts = parts.accounts;
    this.#logger = parts.logger;
    const counter = (failuresMax: number): FailureCounter =>
      new FailureCounter({ failuresMax, windowMs }, now);
    const { pair, place, address } = limits;
    this.#failures = { pair: counter(pair), place: counter(place), address: counter(address) };
    this.#tries = new Counter({
      name: "chancery_idp_sign_ins",
      help: "Tries to sign in on the page, by what came of them",
      labelNames: ["outcome"],
      registers: [parts.metrics.registry],
    });
  }

  /** Whether there is anybody who could sign in with a password. */
  get hasUsers(): boolean {
    return this.#store.users().length > 0;
  }

  /** Dev mode: whoever one says one is. */
  asAnyone(email: string): SignInOutcome {
    if (!isEmail(email)) {
      return this.#refused("invalid", 400, "Enter an e-mail address such as me@example.com.");
    }
    const identity = { subject: `dev:${email}`, email };
    this.#accounts.remember(identity);
    this.#tries.inc({ outcome: "dev" });
    return { identity };
  }

  /** @param place the address that the request came from. */
  async withPassword(email: string, password: string, place: string): Promise<SignInOutcome> {
    const address = email.toLowerCase().slice(0, 254);
    const names = { pair: `${place} ${address}`, place, address };
    const counters = Object.entries(this.#failures) as [keyof typeof limits, FailureCounter][];
    const waitSeconds = Math.max(...counters.map(([kind, c]) => c.waitSeconds(names[kind])));
    if (waitSeconds > 0) {
      const minutes = Math.ceil(waitSeconds / 60);
      const problem = `Too many tries. Wait ${minutes} minute${minutes === 1 ? "" : "s"}.`;
      this.#logger.warn({ place }, "sign-in refused after too many failures");
      return { ...this.#refused("limited", 429, problem), waitSeconds };
    }
    if (this.#passwords.busy) {
      return this.#refused("busy", 503, "Too many people sign in just now. Try again.");
    }
    // Counted before the outcome is known, or many tries at once would all pass the limit.
    for (const [kind, counter] of counters) counter.failed(names[kind]);
    const user = this.#store.userByEmail(email);
    if (!(await this.#passwords.check(password, user?.passwordHash)) || !user) {
      this.#logger.info({ place }, "sign-in with a wrong address or password");
      return this.#refused("wrong", 403, wrong);
    }
    for (const [kind, counter] of counters) counter.undo(names[kind]);
    this.#failures.pair.forget(names.pair);
    this.#tries.inc({ outcome: "signed-in" });
    return { identity: { subject: user.id, email: user.email } };
  }

  #refused(
    outcome: string,
    status: 400 | 403 | 429 | 503,
    problem: string,
  ): Exclude<SignInOutcome, { identity: Identity }> {
    this.#tries.inc({ outcome });
    return { status, problem };
  }
}
