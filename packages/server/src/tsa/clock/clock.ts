// SPDX-License-Identifier: Apache-2.0

/** The machine's two clocks. */
export interface Clock {
  /** Milliseconds since 1970: what people set, and NTP steps. */
  wallMs(): number;
  /** Milliseconds since some instant: never set, only slewed along with the other. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** What is known of the time. */
export type ClockState =
  | { readonly usable: true; readonly time: Date }
  | { readonly usable: false; readonly problem: string };
