// SPDX-License-Identifier: Apache-2.0
import {
  type CosignedCheckpoint,
  type EntryInput,
  LogError,
  type LogHead,
  type Receipt,
  type TrustPolicy,
  WitnessClient,
} from "@chancery/log";
import type { FastifyBaseLogger } from "fastify";
import type { TransparencyLog } from "../rekor/index.ts";

/** How a log is witnessed. */
export interface WitnessingOptions {
  readonly policy: TrustPolicy;
  /** Whether a checkpoint without a quorum is kept back. */
  readonly required: boolean;
  /** How long a witness may take. */
  readonly timeoutMs: number;
  readonly logger: FastifyBaseLogger;
}

/** A witness that could not be had is asked again no sooner than this. */
const retryMs = 1000;

/**
 * A log whose checkpoints witnesses cosign before anybody sees them. One checkpoint at a time is on
 * its way, always the newest, as witnesses take no older one after it: what waits meanwhile is
 * proven in the tree of the next.
 */
export class WitnessedLog {
  readonly #log: TransparencyLog;
  readonly #client: WitnessClient;
  readonly #options: WitnessingOptions;
  #published: LogHead;
  #quorumMet = false;
  #askedMs = -Infinity;
  #round: Promise<void> | undefined;

  private constructor(log: TransparencyLog, options: WitnessingOptions) {
    this.#log = log;
    this.#options = options;
    this.#published = log.head();
    this.#client = new WitnessClient({
      policy: options.policy,
      fetch,
      consistencyProof: async (oldSize, newSize) =>
        oldSize === 0 || oldSize === newSize ? [] : log.consistencyProof(oldSize, newSize),
      timeoutMs: options.timeoutMs,
      mode: options.required ? "required" : "best-effort",
    });
  }

  /** Has the present checkpoint cosigned. @throws LogError `quorum` where it is required */
  static async open(log: TransparencyLog, options: WitnessingOptions): Promise<WitnessedLog> {
    const witnessed = new WitnessedLog(log, options);
    await witnessed.#cosign();
    return witnessed;
  }

  /** Whether the published checkpoint has a quorum. */
  get quorumMet(): boolean {
    return this.#quorumMet;
  }

  /** The log as it is served: its head, and what is appended, by cosigned checkpoints. */
  served(): TransparencyLog {
    const log = this.#log;
    return {
      append: async (entry) => this.#append(entry),
      head: () => this.#head(),
      tile: async (level, index, width) => log.tile(level, index, width),
      entries: async (index, width) => log.entries(index, width),
      entry: async (index) => log.entry(index),
      attachment: async (index) => log.attachment(index),
      indexOf: async (leafHash) => log.indexOf(leafHash),
      inclusionProof: async (index, size) => log.inclusionProof(index, size),
      consistencyProof: async (oldSize, newSize) => log.consistencyProof(oldSize, newSize),
      search: async (keyHash, page) => log.search(keyHash, page),
    };
  }

  /** @throws LogError `quorum` where the entry is logged, and a retry is answered with its proof */
  async #append(entry: EntryInput): Promise<Receipt> {
    const receipt = await this.#log.append(entry);
    const { index } = receipt;
    while (this.#published.size <= index) await this.#nextRound();
    const head = this.#published;
    if (head.size === receipt.head.size) return { ...receipt, head };
    return { ...receipt, head, proof: await this.#log.inclusionProof(index, head.size) };
  }

  /** What is published. Where there is something newer, it is on its way from then on. */
  #head(): LogHead {
    const isOld = this.#log.head().size > this.#published.size;
    const isLate = performance.now() - this.#askedMs > retryMs;
    if (isLate && (isOld || !this.#quorumMet)) {
      // What it fails with has been logged, and whoever appends is told.
      this.#nextRound().catch((cause: unknown) => this.#options.logger.debug({ err: cause }));
    }
    return this.#published;
  }

  #nextRound(): Promise<void> {
    this.#round ??= this.#cosign().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #cosign(): Promise<void> {
    this.#askedMs = performance.now();
    const head = this.#log.head();
    let cosigned: CosignedCheckpoint;
    try {
      cosigned = await this.#client.cosign(head.checkpoint);
    } catch (cause) {
      if (!(cause instanceof LogError)) throw cause;
      const { logger } = this.#options;
      logger.error({ err: cause, size: head.size }, "a checkpoint is kept back");
      throw cause;
    }
    this.#published = { ...head, checkpoint: cosigned.checkpoint };
    this.#quorumMet = cosigned.quorumMet;
    this.#report(cosigned, head.size);
  }

  #report({ failures, quorumMet }: CosignedCheckpoint, size: number): void {
    const { logger } = this.#options;
    for (const [witness, { code, message }] of failures) {
      logger.warn({ witness, code, size, problem: message }, "a witness did not cosign");
    }
    if (!quorumMet) logger.warn({ size }, "a checkpoint is published without a quorum");
  }
}
