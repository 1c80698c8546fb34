// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { LogError } from "../../errors.ts";
import type { LogStore, ObjectStore, StoreCommit, StoredLog } from "../store.ts";
import { poisoned, storageError } from "./errors.ts";
import { FileObjects } from "./file-objects.ts";

/** Version of the database's layout, kept as its `user_version`. */
const schemaVersion = 1;

const SCHEMA = `
  CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL, payload BLOB NOT NULL);
  CREATE TABLE body (id INTEGER PRIMARY KEY CHECK (id = 0), payload BLOB NOT NULL);
  CREATE TABLE batch (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, payload BLOB NOT NULL);
  PRAGMA user_version = ${schemaVersion};
`;

/** Result codes of SQLite's file operations: the lower byte is SQLITE_IOERR. */
const SQLITE_IOERR = 10;
const SQLITE_BUSY = 5;

/**
 * The embedded store: a folder with `log.db` (SQLite), `objects/` and `checkpoint`.
 *
 * The database is in WAL mode and syncs at every commit. It is locked exclusively by whoever has it
 * open, which ends with the process however it ends; `holder` says who that is. Not for network
 * file systems, where such locks do not hold.
 */
export class EmbeddedStore implements LogStore {
  readonly #folder: string;
  readonly #database: DatabaseSync;
  readonly #objects: FileObjects;
  readonly #insertBatch: StatementSync;
  readonly #insertHead: StatementSync;
  readonly #updateHead: StatementSync;

  private constructor(folder: string, database: DatabaseSync, objects: FileObjects) {
    this.#folder = folder;
    this.#database = database;
    this.#objects = objects;
    this.#insertBatch = database.prepare("INSERT INTO batch VALUES (?, ?, ?)");
    this.#insertHead = database.prepare("INSERT INTO head VALUES (0, ?, ?)");
    this.#updateHead = database.prepare("UPDATE head SET size = ?, payload = ? WHERE size = ?");
  }

  /**
   * Opens the store in a folder, which is made where it is not there.
   * @throws LogError `locked` where another process has it; `poisoned` after a failed sync;
   *   `corrupt` where the database is none; `storage`
   */
  static async open(folder: string): Promise<EmbeddedStore> {
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    const marker = join(folder, "poisoned");
    if (existsSync(marker)) throw poisoned(`${marker} says`, readFileSync(marker, "utf8").trim());
    const database = openDatabase(folder);
    try {
      writeFileSync(join(folder, "holder"), `${process.pid}\n`);
      const objects = await FileObjects.open(join(folder, "objects"), (error) => {
        markPoisoned(folder, error);
      });
      return new EmbeddedStore(folder, database, objects);
    } catch (cause) {
      database.close();
      throw cause instanceof LogError ? cause : storageError(`cannot open ${folder}`, cause);
    }
  }

  get objects(): ObjectStore {
    return this.#objects;
  }

  async load(): Promise<StoredLog> {
    return this.#transaction("read the log", () => {
      const head = this.#database.prepare("SELECT size, payload FROM head").get();
      const body = this.#database.prepare("SELECT payload FROM body").get();
      const batches = this.#database
        .prepare("SELECT first, count, payload FROM batch ORDER BY first")
        .all();
      return {
        head: head as { size: number; payload: Uint8Array } | undefined,
        body: body?.["payload"] as Uint8Array | undefined,
        batches: batches as unknown as { first: number; count: number; payload: Uint8Array }[],
      };
    });
  }

  async commit({ previousSize, batch, size, head }: StoreCommit): Promise<void> {
    this.#transaction("commit", () => {
      if (previousSize === undefined) {
        const none = this.#database.prepare("SELECT 1 FROM head").get() === undefined;
        if (!none) throw conflict("there is a log already");
        this.#insertHead.run(size, head);
      } else if (this.#updateHead.run(size, head, previousSize).changes !== 1) {
        throw conflict(`the stored head has not the size ${previousSize}`);
      }
      if (batch) this.#insertBatch.run(batch.first, batch.count, batch.payload);
    });
  }

  async advance(body: Uint8Array, dropEndingAt: number): Promise<void> {
    this.#transaction("advance the body", () => {
      this.#database
        .prepare(
          "INSERT INTO body VALUES (0, ?) ON CONFLICT DO UPDATE SET payload = excluded.payload",
        )
        .run(body);
      this.#database.prepare("DELETE FROM batch WHERE first + count <= ?").run(dropEndingAt);
    });
  }

  async published(): Promise<Uint8Array | undefined> {
    const path = join(this.#folder, "checkpoint");
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
  }

  async publish(checkpoint: Uint8Array): Promise<void> {
    await this.#objects.replace(join(this.#folder, "checkpoint"), checkpoint);
  }

  async close(): Promise<void> {
    if (!this.#database.isOpen) return;
    rmSync(join(this.#folder, "holder"), { force: true });
    this.#database.close();
  }

  #transaction<Value>(what: string, work: () => Value): Value {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      const value = work();
      this.#database.exec("COMMIT");
      return value;
    } catch (cause) {
      const error = this.#classify(what, cause);
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #classify(what: string, cause: unknown): LogError {
    if (cause instanceof LogError) return cause;
    const { errcode } = cause as { errcode?: number };
    if (((errcode ?? 0) & 0xff) !== SQLITE_IOERR) return storageError(`cannot ${what}`, cause);
    const error = poisoned(`cannot ${what}`, cause);
    markPoisoned(this.#folder, error);
    return error;
  }
}

/**
 * The objects of a store that another thread of this process has open. The two may write at the
 * same time, though not the same objects.
 */
export async function openObjects(folder: string): Promise<ObjectStore> {
  const poison = (error: LogError): void => markPoisoned(folder, error);
  return FileObjects.open(join(folder, "objects"), poison, "-helper");
}

/** Keeps the log from being opened again as if nothing had happened. */
function markPoisoned(folder: string, error: LogError): void {
  try {
    writeFileSync(join(folder, "poisoned"), `${error.message}\n`);
  } catch (second) {
    // The disk fails altogether; this process at least does not go on.
    error.message += `; and no marker could be written: ${String(second)}`;
  }
}

function openDatabase(folder: string): DatabaseSync {
  const path = join(folder, "log.db");
  const database = new DatabaseSync(path);
  try {
    // Exclusive before WAL: the lock lasts, and no memory is shared with other processes.
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA page_size = 16384;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 1024;
      PRAGMA cache_size = -8192;
      BEGIN EXCLUSIVE;
    `);
    const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
    if (version === 0) database.exec(SCHEMA);
    else if (version !== schemaVersion) throw new Error(`it has layout ${String(version)}`);
    database.exec("COMMIT");
    return database;
  } catch (cause) {
    database.close();
    const { errcode } = cause as { errcode?: number };
    if (((errcode ?? 0) & 0xff) === SQLITE_BUSY) throw locked(folder, cause);
    throw new LogError("corrupt", `${path} is not a log's database: ${String(cause)}`, "", {
      cause,
    });
  }
}

function locked(folder: string, cause: unknown): LogError {
  const holder = join(folder, "holder");
  const pid = existsSync(holder) ? readFileSync(holder, "utf8").trim() : "";
  const who = pid === "" ? "another process" : `process ${pid}`;
  return new LogError("locked", `${folder} is in use by ${who}`, "stop it first", { cause });
}

function conflict(problem: string): LogError {
  return new LogError("conflict", problem, "load the log again");
}
