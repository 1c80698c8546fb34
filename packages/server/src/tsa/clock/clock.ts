// SPDX-License-Identifier: Apache-2.0
import { uptime } from "node:os";

/** The machine's two clocks. */
export interface Clock {
  /** Milliseconds since 1970: what people set, and NTP steps. */
  wallMs(): number;
  /**
   * Milliseconds since some instant, to {@link clockGranularityMs}: never set, only slewed along
   * with the other.
   */
  monotonicMs(): number;
}

/** How coarse the monotonic clock may be. */
export const clockGranularityMs = 20;

/** Where the system counts the time since its start also while it sleeps. */
const countsSleep = process.platform === "linux" || process.platform === "win32";

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  // Elsewhere a machine that slept looks like one whose clock was set.
  monotonicMs: () => (countsSleep ? uptime() * 1000 : performance.now()),
};

/** What is known of the time. */
export type ClockState =
  | { readonly usable: true; readonly time: Date }
  | { readonly usable: false; readonly problem: string };
