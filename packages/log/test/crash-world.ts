// SPDX-License-Identifier: Apache-2.0
// Kills processes that log, and holds the log in their folder to everything that they had told.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { decodeBase64, encodeHex } from "@chancery/formats/bytes";
import { readCheckpoint } from "../src/engine/index.ts";
import { fsck } from "../src/maintenance/index.ts";
import { EmbeddedStore } from "../src/store/index.ts";
import { randomSource } from "./random-source.ts";
import { key, log, openEngine, Witnesses } from "./world.ts";

/** What happened so far. */
export interface CrashCounts {
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

const writer = fileURLToPath(new URL("crash-writer.ts", import.meta.url));

/** Most entries of one round, and the longest time before it ends. */
const roundEntriesMax = 6000;
const killAfterMsMax = 1500;

export class CrashWorld {
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
  async round(): Promise<CrashCounts> {
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
    const timer = setTimeout(() => child.kill("SIGKILL"), this.#random(killAfterMsMax));
    const exited = new Promise<NodeJS.Signals | null>((resolve) => {
      child.once("exit", (_, signal) => resolve(signal));
    });
    let pending: string | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      // The last line may be cut off in the middle.
      if (pending !== undefined) this.#take(pending);
      pending = line;
    }
    if (pending === "done") this.#take(pending);
    clearTimeout(timer);
    if ((await exited) === "SIGKILL") this.#killed++;
    else assert.equal(child.exitCode, 0);
  }

  #take(line: string): void {
    const fields = line.split(" ");
    if (fields.length !== 7) return;
    const [number, index, timeMs, duplicate, size] = fields.slice(0, 5).map(Number) as number[];
    const checkpoint = decodeBase64(fields[5] ?? "");
    const { rootHash } = readCheckpoint(checkpoint, log).checkpoint;
    const item = {
      index: index as number,
      timeMs: timeMs as number,
      duplicate: duplicate === 1,
      proof: decodeBase64(fields[6] ?? ""),
    };
    const head = { size: size as number, rootHash, timeMs: item.timeMs, checkpoint };
    this.#told.take([number as number], { head, items: [item] });
    if (item.duplicate) this.#duplicates++;
    this.#next = Math.max(this.#next, (number as number) + 1);
  }
}
