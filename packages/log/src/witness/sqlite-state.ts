// SPDX-License-Identifier: Apache-2.0
import { DatabaseSync } from "node:sqlite";
import { LogError } from "../errors.ts";
import type { WitnessRecord, WitnessState } from "./witness.ts";

/** Records in an SQLite file that syncs at every change; one process at a time. */
export class SqliteWitnessState implements WitnessState {
  readonly #database: DatabaseSync;

  /** @param path of the file, which is made where it is not there. @throws SQLite's errors */
  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    try {
      this.#database.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        CREATE TABLE IF NOT EXISTS record (
          origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
          checkpoint TEXT NOT NULL
        ) WITHOUT ROWID;
      `);
    } catch (cause) {
      this.#database.close(); // else the file stays locked for as long as the process lives
      throw cause;
    }
  }

  /** Whether nothing was ever cosigned. */
  get isEmpty(): boolean {
    return this.#database.prepare("SELECT 1 FROM record LIMIT 1").get() === undefined;
  }

  async get(origin: string): Promise<WitnessRecord | undefined> {
    const row = this.#database.prepare("SELECT * FROM record WHERE origin = ?").get(origin);
    if (!row) return undefined;
    return {
      size: row["size"] as number,
      rootHash: row["root"] as Uint8Array,
      checkpoint: row["checkpoint"] as string,
    };
  }

  /** @throws LogError `rolled-back` for a record that is smaller than the expected one */
  async replace(
    origin: string,
    expectedSize: number | undefined,
    { size, rootHash, checkpoint }: WitnessRecord,
  ): Promise<boolean> {
    if (size < (expectedSize ?? 0)) {
      throw new LogError("rolled-back", `a record of ${origin} may not go back to size ${size}`);
    }
    const { changes } =
      expectedSize === undefined
        ? this.#database
            .prepare("INSERT INTO record VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
            .run(origin, size, rootHash, checkpoint)
        : this.#database
            .prepare(
              "UPDATE record SET size = ?, root = ?, checkpoint = ? WHERE origin = ? AND size = ?",
            )
            .run(size, rootHash, checkpoint, origin, expectedSize);
    return changes === 1;
  }

  close(): void {
    this.#database.close();
  }
}
