// SPDX-License-Identifier: Apache-2.0
import {
  type NoteVerifier,
  parseSignedCheckpoint,
  verifyCosignature,
} from "@chancery/formats/note";
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
import { readShown, type ShownCheckpoint, writeShown } from "./witnessed-log-record.ts";

/** Where a log writes down which checkpoint it showed last. */
export interface ShownRecord {
  /** Of the file. */
  readonly path: string;
  /** The log's key; its name is the origin. */
  readonly verifier: NoteVerifier;
}

/** How a log is witnessed. */
export interface WitnessingOptions extends ShownRecord {
  readonly policy: TrustPolicy;
  /** Whether a checkpoint without a quorum is kept back. */
  readonly required: boolean;
  /** How long a witness may take. */
  readonly timeoutMs: number;
  readonly logger: FastifyBaseLogger;
}

/** Witnesses that could not be had are asked again no sooner than this. */
const retryMs = 1000;

/**
 * A log whose checkpoints witnesses cosign before anybody sees them. One checkpoint at a time is on
 * its way, always the newest, as witnesses take no older one after it: what waits meanwhile is
 * proven in the tree of the next.
 *
 * What was shown of a size is never shown otherwise, after a restart neither: cosignatures that
 * come too late for one size are those of the next.
 */
export class WitnessedLog {
  readonly #log: TransparencyLog;
  readonly #client: WitnessClient;
  readonly #options: WitnessingOptions;
  #published: LogHead;
  #quorumMet: boolean;
  #askedMs = -Infinity;
  #round: Promise<void> | undefined;
  /** Whether a witness knows more than this log: settled before anything is logged. */
  #lookedBack: Promise<void> | undefined;
  /** What a witness said of it; after that nothing is logged any more. */
  #rolledBack: LogError | undefined;

  private constructor(log: TransparencyLog, published: LogHead, options: WitnessingOptions) {
    this.#log = log;
    this.#options = options;
    this.#published = published;
    this.#quorumMet = isCosigned(published, options.policy);
    this.#client = new WitnessClient({
      policy: options.policy,
      fetch,
      consistencyProof: async (oldSize, newSize) =>
        oldSize === 0 || oldSize === newSize ? [] : log.consistencyProof(oldSize, newSize),
      timeoutMs: options.timeoutMs,
      mode: options.required ? "required" : "best-effort",
    });
  }

  /**
   * Begins with the checkpoint that was shown last. Of a log that had no witnesses before, that is
   * the present one, as it is: they cosign from the next entry on. Waits for no witness.
   *
   * @throws as `readShown`: where the stored log does not extend what was shown
   */
  static async open(log: TransparencyLog, options: WitnessingOptions): Promise<WitnessedLog> {
    const { path, verifier, logger } = options;
    const shown = await readShown(path, log, verifier);
    const head = shown?.isLast ? shown.head : pinned(log.head(), shown);
    if (!shown?.isLast) {
      await writeShown(path, { head, isLast: true });
      logger.info({ size: head.size }, "witnesses cosign from the next entry on");
    }
    const witnessed = new WitnessedLog(log, head, options);
    witnessed.#head(); // what is newer than that is on its way from now on
    return witnessed;
  }

  /** Whether the published checkpoint has a quorum. */
  get quorumMet(): boolean {
    return this.#quorumMet;
  }

  /** The log as it is served: its head, and all that is in it, by published checkpoints. */
  served(): TransparencyLog {
    const log = this.#log;
    return {
      ...wholeLog(log),
      append: async (entry) => this.#append(entry),
      head: () => this.#head(),
      entry: async (index) => {
        if (index < this.#published.size) return log.entry(index);
        throw new LogError("out-of-range", `entry ${index} is not published`);
      },
      indexOf: async (leafHash) => {
        const index = await log.indexOf(leafHash);
        return index !== undefined && index < this.#published.size ? index : undefined;
      },
      search: async (keyHash, { before = Infinity, limit }) =>
        log.search(keyHash, { before: Math.min(before, this.#published.size), limit }),
    };
  }

  /** Waits for what is on its way, so that nothing is written afterwards. */
  async close(): Promise<void> {
    this.#askedMs = Infinity;
    await this.#round?.catch(() => undefined); // it has been logged
  }

  /**
   * @throws LogError `quorum` where the entry is logged, and a retry is answered with its proof;
   *   `rolled-back` where a witness has seen more than there is here
   */
  async #append(entry: EntryInput): Promise<Receipt> {
    await (this.#lookedBack ??= this.#lookBack());
    if (this.#rolledBack) throw this.#rolledBack;
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
    if (isOld && performance.now() - this.#askedMs > retryMs) {
      this.#nextRound().catch(() => undefined); // it is logged, and whoever appends is told
    }
    return this.#published;
  }

  /**
   * Shows witnesses the log as it is, before the first entry: one that has seen more knows that
   * this is an old copy, and what is logged in it would fork the log.
   */
  async #lookBack(): Promise<void> {
    const { checkpoint, size } = this.#log.head();
    if (size > 0)
      await this.#client.cosign(checkpoint).then(
        ({ failures }) => this.#checkFailures(failures.values()),
        (cause: unknown) => this.#checkFailures(failuresIn(cause)),
      );
  }

  #checkFailures(failures: Iterable<LogError>): void {
    for (const failure of failures) {
      if (failure.code !== "rolled-back" || this.#rolledBack) continue;
      this.#rolledBack = failure;
      this.#options.logger.error({ err: failure }, "this is an old copy of the log");
    }
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
    if (head.size === this.#published.size) return;
    const { logger, path } = this.#options;
    try {
      const cosigned = await this.#client.cosign(head.checkpoint);
      this.#checkFailures(cosigned.failures.values());
      if (this.#rolledBack) throw this.#rolledBack; // published, it would fork the log
      const published = { ...head, checkpoint: cosigned.checkpoint };
      await writeShown(path, { head: published, isLast: true });
      this.#published = published;
      this.#quorumMet = cosigned.quorumMet;
      this.#report(cosigned, head.size);
    } catch (cause) {
      this.#checkFailures(failuresIn(cause));
      logger.error({ err: cause, size: head.size }, "a checkpoint is kept back");
      throw cause;
    }
  }

  #report({ failures, quorumMet }: CosignedCheckpoint, size: number): void {
    const { logger } = this.#options;
    for (const [witness, { code, message }] of failures) {
      logger.warn({ witness, code, size, problem: message }, "a witness did not cosign");
    }
    if (!quorumMet) logger.warn({ size }, "a checkpoint is published without a quorum");
  }
}

/** A log without witnesses as it is served: as it is, but for a checkpoint that had witnesses. */
export async function withoutWitnesses(
  log: TransparencyLog,
  { path, verifier }: ShownRecord,
): Promise<TransparencyLog> {
  const shown = await readShown(path, log, verifier);
  if (!shown) return log;
  if (shown.isLast) await writeShown(path, { ...shown, isLast: false });
  return {
    ...wholeLog(log),
    append: async (entry) => {
      const receipt = await log.append(entry);
      return { ...receipt, head: pinned(receipt.head, shown) };
    },
    head: () => pinned(log.head(), shown),
  };
}

/** What each witness said where there was no quorum. */
function failuresIn(cause: unknown): LogError[] {
  const all = cause instanceof LogError && cause.cause;
  return all instanceof AggregateError ? all.errors.filter((one) => one instanceof LogError) : [];
}

/** A head, as it was shown where it was. */
function pinned(head: LogHead, shown: ShownCheckpoint | undefined): LogHead {
  return shown?.head.size === head.size ? shown.head : head;
}

function isCosigned({ checkpoint }: LogHead, policy: TrustPolicy): boolean {
  const { note } = parseSignedCheckpoint(checkpoint);
  const names = policy.witnesses
    .filter(({ verifier }) => verifyCosignature(note, verifier).status === "verified")
    .map(({ name }) => name);
  return policy.isMet(new Set(names));
}

/** Every method of a log, to take some others in their place. */
function wholeLog(log: TransparencyLog): TransparencyLog {
  return {
    append: async (entry) => log.append(entry),
    head: () => log.head(),
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
