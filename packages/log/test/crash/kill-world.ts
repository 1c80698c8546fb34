// SPDX-License-Identifier: Apache-2.0
// Kills processes that log as fast as they can, at random moments, again and again over one log,
// and holds it to everything that they had told.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { encodeHex } from "@chancery/formats/bytes";
import { fsck } from "../../src/maintenance/index.ts";
import { EmbeddedStore } from "../../src/store/index.ts";
import { randomSource } from "../random-source.ts";
import { key, log, openEngine, Witnesses } from "../world.ts";
import { takeAnswer } from "./answers.ts";

/** What happened so far. */
export interface KillCounts {
  /** Processes killed before they were done. */
  readonly killed: number;
  /** Distinct entries that were acknowledged. */
  readonly acknowledged: number;
  readonly duplicates: number;
  /** Entries in the log, also those whose answer was lost in a crash. */
  readonly size: number;
  /** Distinct checkpoints that were told. */
  readonly checkpoints: number;
}

const writer = fileURLToPath(new URL("flood-writer.ts", import.meta.url));

/** Most entries of one round, and the longest time before it ends. */
const roundEntriesMax = 6000;
const killAfterMsMax = 1500;

export class KillWorld {
  readonly #folder: string;
  readonly #random: (below: number) => number;
  readonly #told = new Witnesses(53);
  readonly #key = encodeHex(key.toPkcs8());
  #next = 0;
  #killed = 0;
  #duplicates = 0;

  constructor(folder: string, seed: number) {
    this.#folder = folder;
    this.#random = randomSource(seed);
  }

  /** Starts a writer, kills it, and checks. @throws AssertionError for a promise not kept */
  async round(): Promise<KillCounts> {
    await this.#write();
    if (this.#told.checkpoints.size > 0) {
      const store = await EmbeddedStore.open(this.#folder);
      const { problems } = await fsck(store, log);
      assert.deepEqual(problems, []);
      await store.close();
    }
    const engine = await openEngine(await EmbeddedStore.open(this.#folder), { now: Date.now });
    await this.#told.check(engine);
    const { size } = engine.reader.head();
    await engine.close();
    const { acknowledged, checkpoints } = this.#told;
    return {
      killed: this.#killed,
      acknowledged: acknowledged.size,
      duplicates: this.#duplicates,
      size,
      checkpoints: checkpoints.size,
    };
  }

  async #write(): Promise<void> {
    const seed = this.#random(1 << 30);
    // From where answers are missing on: what was not answered is tried again.
    const args = [this.#folder, this.#key, seed, this.#next, 1 + this.#random(roundEntriesMax)];
    const child = spawn(process.execPath, [writer, ...args.map(String)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const kill = (): void => {
      timer = setTimeout(() => child.kill("SIGKILL"), this.#random(killAfterMsMax));
    };
    // Half of them may die while they open the log; the others log something on any machine.
    const isEarly = this.#random(2) === 0;
    let timer: NodeJS.Timeout | undefined;
    if (isEarly) kill();
    const exited = new Promise<NodeJS.Signals | null>((resolve) => {
      child.once("exit", (_, signal) => resolve(signal));
    });
    let pending: string | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      // The last line may be cut off in the middle.
      if (pending !== undefined) this.#take(pending);
      if (line === "ready" && !isEarly) kill();
      pending = line;
    }
    if (pending === "done") this.#take(pending);
    clearTimeout(timer);
    if ((await exited) === "SIGKILL") this.#killed++;
    else assert.equal(child.exitCode, 0);
  }

  #take(line: string): void {
    const taken = takeAnswer(line, this.#told);
    if (!taken) return;
    if (taken.duplicate) this.#duplicates++;
    this.#next = Math.max(this.#next, taken.number + 1);
  }
}
