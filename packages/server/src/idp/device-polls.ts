// SPDX-License-Identifier: Apache-2.0
import { encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";

/** Device codes that are remembered; of more, those asked for longest ago are forgotten. */
const codesMax = 10_000;

/** A little less than devices are told, as their clocks and the network are not exact. */
const toleranceMs = 500;

/** Tells devices that ask too often to slow down (RFC 8628 §3.5), which the library does not. */
export class DevicePolls {
  readonly #intervalMs: number;
  readonly #now: () => number;
  /** When each was asked for last, by hash: the codes themselves are secrets. */
  readonly #lastMs = new Map<string, number>();

  /** @param now milliseconds since the epoch. */
  constructor(intervalSeconds: number, now: () => number) {
    this.#intervalMs = intervalSeconds * 1000 - toleranceMs;
    this.#now = now;
  }

  /** Counts a question, and tells whether it came too soon after the one before. */
  isTooSoon(deviceCode: string): boolean {
    const name = encodeBase64(sha256(utf8Bytes(deviceCode)));
    const last = this.#lastMs.get(name);
    this.#lastMs.delete(name);
    const [oldest] = this.#lastMs.keys();
    if (this.#lastMs.size >= codesMax && oldest !== undefined) this.#lastMs.delete(oldest);
    this.#lastMs.set(name, this.#now());
    return last !== undefined && this.#now() - last < this.#intervalMs;
  }
}
