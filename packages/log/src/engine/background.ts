// SPDX-License-Identifier: Apache-2.0
import { parseSignedCheckpoint } from "@chancery/formats/note";
import { LogError } from "../errors.ts";
import type { MergeRuns, PreparedMerge } from "../search/index.ts";
import type { LogStore } from "../store/index.ts";
import type { EngineLimits } from "./limits.ts";
import { acceptMerge, isTailLong, moveToBody } from "./materialise.ts";
import type { EngineMetrics } from "./metrics.ts";
import type { EngineState } from "./state.ts";

/** `unsure`: the stored state may have changed, so that it is to be loaded again. */
type OnFailure = (error: LogError, unsure: boolean) => void;

/** What the work behind the commits needs. */
interface BackgroundOptions {
  readonly store: LogStore;
  readonly limits: EngineLimits;
  readonly metrics: EngineMetrics;
  readonly merge: MergeRuns;
  /** The state that is certain to be as stored, undefined while there is none. */
  readonly current: () => EngineState | undefined;
  readonly onFailure: OnFailure;
}

/**
 * What is done behind the commits: showing the checkpoint, moving full bundles to objects, merging
 * the index. One thing at a time, woken by commits; where something fails, the next commit wakes it
 * again and it starts over.
 */
export class Background {
  readonly #options: BackgroundOptions;
  #working: Promise<void> | undefined;
  /** Merging takes long and goes on beside the rest; what it leads to waits in `#merged`. */
  #merging: Promise<void> | undefined;
  #merged: { readonly state: EngineState; readonly prepared: PreparedMerge } | undefined;
  #woken = false;
  readonly #closing = new AbortController();
  /** Called at the next move, or when the work ends. */
  #onProgress: (() => void)[] = [];
  #failing = false;
  #publishedSize = -1;
  #publishedAtMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  /** Says that there may be something to do. */
  wake(): void {
    this.#woken = true;
    if (this.#closing.signal.aborted) return;
    this.#working ??= this.#work();
  }

  /** Whether the tail could not be shortened the last time. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Resolves when the tail has been shortened, or there is nothing to shorten or no way to. */
  async progress(): Promise<void> {
    this.wake();
    if (!this.#working) return;
    await new Promise<void>((resolve) => void this.#onProgress.push(resolve));
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    while (this.#merging || this.#working) await Promise.all([this.#merging, this.#working]);
  }

  /** Ends the work and shows the last checkpoint. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.idle();
    const state = this.#options.current();
    if (state) await this.#guard(() => this.#publish(state), false);
  }

  async #work(): Promise<void> {
    await turn();
    while (this.#woken && !this.#closing.signal.aborted) {
      this.#woken = false;
      const well =
        (await this.#guard(() => this.#publishWhenDue(), false)) &&
        (await this.#acceptMerged()) &&
        (await this.#move());
      if (!well) break;
      this.#startMerge();
    }
    this.#working = undefined;
    this.#progressed();
  }

  /** Shortens the tail while it is long. @returns whether all went well */
  async #move(): Promise<boolean> {
    const { store, limits, metrics } = this.#options;
    for (let state = this.#state(); state && isTailLong(state, limits); state = this.#state()) {
      const from = state;
      this.#failing = !(await this.#guard(() => moveToBody(from, store, limits), true));
      if (this.#failing) return false;
      metrics.moves++;
      this.#progressed();
      if (!(await this.#acceptMerged())) return false;
      this.#startMerge();
    }
    return true;
  }

  #startMerge(): void {
    const { merge } = this.#options;
    const state = this.#state();
    if (!state || this.#merging || this.#merged) return;
    this.#merging = this.#guard(async () => {
      const prepared = await state.index.prepareMerge(merge, this.#closing.signal);
      if (prepared) this.#merged = { state, prepared };
    }, false).then(() => {
      this.#merging = undefined;
      if (this.#merged) this.wake();
    });
  }

  /** @returns whether it went well, or there was nothing to do. */
  async #acceptMerged(): Promise<boolean> {
    const { store, metrics } = this.#options;
    const merged = this.#merged;
    this.#merged = undefined;
    // Where the state was loaded again, its runs are others; the merged one is made again.
    if (!merged || merged.state !== this.#state()) return true;
    metrics.merges++;
    return this.#guard(() => acceptMerge(merged.state, store, merged.prepared), true);
  }

  #progressed(): void {
    const waiting = this.#onProgress;
    this.#onProgress = [];
    for (const resolve of waiting) resolve();
  }

  #state(): EngineState | undefined {
    return this.#closing.signal.aborted ? undefined : this.#options.current();
  }

  /** @returns whether it went well. */
  async #guard(work: () => Promise<void>, unsure: boolean): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (cause) {
      if (cause instanceof LogError && cause.code === "stopped") return false;
      const words = `work behind the commits failed: ${String(cause)}`;
      const error =
        cause instanceof LogError ? cause : new LogError("storage", words, "", { cause });
      this.#options.onFailure(error, unsure);
      return false;
    }
  }

  async #publishWhenDue(): Promise<void> {
    const state = this.#state();
    if (!state || state.head.size === this.#publishedSize) return;
    const waitMs = this.#publishedAtMs + this.#options.limits.publishIntervalMs - performance.now();
    if (waitMs <= 0) return this.#publish(state);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.wake();
    }, waitMs).unref();
  }

  async #publish({ head }: EngineState): Promise<void> {
    if (head.size === this.#publishedSize) return;
    // A mirror that is catching up holds a checkpoint that it cannot serve yet.
    const { size } = parseSignedCheckpoint(head.checkpoint).checkpoint;
    if (size !== BigInt(head.size)) return;
    await this.#options.store.publish(head.checkpoint);
    this.#publishedSize = head.size;
    this.#publishedAtMs = performance.now();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
