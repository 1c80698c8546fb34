// SPDX-License-Identifier: Apache-2.0
import type { FastifyBaseLogger } from "fastify";
import type { Clock } from "./clock.ts";
import { askTime, type NtpServer } from "./sntp.ts";

/** How the clock is compared. */
export interface NtpOptions {
  /** All of them are asked each time. */
  readonly servers: readonly NtpServer[];
  /** How many must agree with the clock. */
  readonly quorum: number;
  /** How far the clock may be off a server's. */
  readonly offsetMsMax: number;
  readonly intervalMs: number;
  /** How long one server may take to answer. */
  readonly timeoutMs: number;
  /** How long the last agreement holds while too few servers answer. */
  readonly graceMs: number;
}

/** What is told about each comparison, for metrics. */
export interface NtpObserver {
  /** A server answered, or did not. */
  asked(host: string, failed: boolean): void;
  /** @param reason as Sigstore's authority counts it. */
  failed(reason: "not_enough_servers" | "no_consensus"): void;
}

/** What the comparisons say. */
export type NtpState =
  | {
      readonly usable: true;
      /** The wall clock's lead over the monotonic one when it was last found right. */
      readonly leadMs: number;
      /** When that was, by the monotonic clock. */
      readonly atMs: number;
    }
  | { readonly usable: false; readonly problem: string };

interface Parts {
  readonly clock: Clock;
  readonly logger: FastifyBaseLogger;
  readonly observer: NtpObserver;
}

/**
 * Compares the clock with NTP servers, again and again. That the servers say it is wrong, and that
 * too few of them can be asked, are two things: the first ends all signing at once, the second when
 * the last agreement is older than the grace.
 */
export class NtpMonitor {
  readonly #options: NtpOptions;
  readonly #parts: Parts;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #state: NtpState = {
    usable: false,
    problem: "the clock has not been compared with the NTP servers yet: try again after a moment",
  };

  /** Begins at once. @throws RangeError for a quorum that cannot be reached */
  constructor(options: NtpOptions, parts: Parts) {
    if (!(options.quorum >= 1 && options.quorum <= options.servers.length)) {
      throw new RangeError(`a quorum of ${options.quorum} of ${options.servers.length} servers`);
    }
    this.#options = options;
    this.#parts = parts;
    this.#running = this.#run();
  }

  /** What is known now. */
  state(): NtpState {
    return this.#state;
  }

  /** Stops comparing; what is being asked is waited for, no longer than its timeout. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#compare();
      await pause(this.#options.intervalMs, signal);
    }
  }

  async #compare(): Promise<void> {
    const { servers, quorum, offsetMsMax, timeoutMs } = this.#options;
    const { clock, logger, observer } = this.#parts;
    const answers = await Promise.all(
      servers.map(async (server) => {
        try {
          const answer = await askTime(server, clock, timeoutMs);
          observer.asked(server.host, false);
          return answer;
        } catch (cause) {
          observer.asked(server.host, true);
          logger.debug({ err: cause, host: server.host }, "an NTP server could not be asked");
          return undefined;
        }
      }),
    );
    const offsets = answers.flatMap((answer) => answer?.offsetMs ?? []);
    const agreeing = offsets.filter((offsetMs) => Math.abs(offsetMs) <= offsetMsMax);
    if (agreeing.length >= quorum) return this.#agree();
    if (offsets.length >= quorum) return this.#disagree(offsets, agreeing.length);
    this.#couldNotLook(offsets.length);
  }

  #agree(): void {
    const { clock, logger } = this.#parts;
    if (!this.#state.usable) logger.info({}, "the clock agrees with the NTP servers");
    const atMs = clock.monotonicMs();
    this.#state = { usable: true, leadMs: clock.wallMs() - atMs, atMs };
  }

  #disagree(offsets: readonly number[], agreeing: number): void {
    const { quorum, offsetMsMax } = this.#options;
    const { logger, observer } = this.#parts;
    observer.failed("no_consensus");
    const worst = Math.max(...offsets.map(Math.abs));
    const problem =
      `${agreeing} of ${offsets.length} NTP servers agree with the clock within ${offsetMsMax} ms, ` +
      `${quorum} must; the farthest is ${Math.round(worst)} ms away: set the clock right`;
    this.#state = { usable: false, problem };
    logger.error({ offsets }, problem);
  }

  #couldNotLook(answered: number): void {
    const { quorum, graceMs } = this.#options;
    const { clock, logger, observer } = this.#parts;
    observer.failed("not_enough_servers");
    const problem =
      `${answered} NTP servers answer, ${quorum} must: ` +
      "see that they are reachable over UDP, or configure others";
    logger.warn({ answered, quorum }, problem);
    const state = this.#state;
    // A clock that was found wrong is not right because nobody can be asked any more.
    if (state.usable && clock.monotonicMs() - state.atMs <= graceMs) return;
    this.#state = { usable: false, problem };
  }
}

/** Ends early where it is aborted. Keeps no process alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal.addEventListener("abort", end);
  });
}
