// SPDX-License-Identifier: Apache-2.0
import type { Clock, ClockState } from "./clock.ts";
import type { NtpMonitor } from "./ntp-monitor.ts";

/** What a {@link ClockGuard} watches. */
export interface ClockGuardOptions {
  readonly clock: Clock;
  /** How far the wall clock may move against the monotonic one. */
  readonly jumpMsMax: number;
  /** Servers that the clock is compared with; undefined where none are configured. */
  readonly ntp?: NtpMonitor | undefined;
}

/**
 * Tells the time for as long as there is reason to believe it.
 *
 * A wall clock that is set while the service runs moves against the monotonic one, which is not.
 * From then on there is no time, until it is set back, the service is started again (somebody has
 * looked at the clock), or the servers it is compared with say that it is right now: so it is where
 * the monotonic clock stood still while the machine slept.
 */
export class ClockGuard {
  readonly #options: ClockGuardOptions;
  /** The wall clock's lead over the monotonic one while they were last believed. */
  #leadMs: number;

  constructor(options: ClockGuardOptions) {
    this.#options = options;
    this.#leadMs = this.#lead();
  }

  /** The time, or why there is none. */
  read(): ClockState {
    const { clock, jumpMsMax, ntp } = this.#options;
    const comparison = ntp?.state();
    if (comparison && !comparison.usable) return comparison;
    if (comparison) this.#leadMs = comparison.leadMs;
    const jumpMs = this.#lead() - this.#leadMs;
    if (!(Math.abs(jumpMs) <= jumpMsMax)) {
      const direction = jumpMs > 0 ? "forward" : "back";
      const seconds = (Math.abs(jumpMs) / 1000).toFixed(1);
      const problem =
        `the clock was set ${direction} by ${seconds} s while the service ran: ` +
        "set it right and start the service again";
      return { usable: false, problem };
    }
    return { usable: true, time: new Date(clock.wallMs()) };
  }

  #lead(): number {
    const { clock } = this.#options;
    return clock.wallMs() - clock.monotonicMs();
  }
}
