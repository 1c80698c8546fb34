// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { LogError } from "../../errors.ts";
import type { LogStore, ObjectStore, StoreCommit, StoredLog } from "../store.ts";
import { isMissing, poisoned, storageError } from "./errors.ts";
import { FileObjects } from "./file-objects.ts";
import { makeDurableFolder, syncFolder } from "./folders.ts";

/** Version of the database's layout, kept as its `user_version`. */
const schemaVersion = 1;

const SCHEMA = `
  CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 0), size INTEGER NOT NULL, payload BLOB NOT NULL);
  CREATE TABLE body (id INTEGER PRIMARY KEY CHECK (id = 0), payload BLOB NOT NULL);
  CREATE TABLE batch (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, payload BLOB NOT NULL);
  PRAGMA user_version = ${schemaVersion};
`;

/** Result codes of SQLite: the lower byte is the kind. */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;
const SQLITE_IOERR_FSYNC = 1034;
const codesOfDamage: ReadonlySet<number> = new Set([SQLITE_CORRUPT, SQLITE_NOTADB]);

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
    const marker = join(folder, "poisoned");
    const reason = readIfThere(marker);
    if (reason) throw poisoned(`${marker} says`, reason.toString().trim());
    const path = join(folder, "log.db");
    try {
      if (!existsSync(path)) makeDurableFolder(folder);
      // SQLite syncs the names of its files, but passes over a failure: so it is done here before.
      makeIfMissing(path);
      syncFolder(folder);
    } catch (cause) {
      throw failure(folder, `cannot open ${folder}`, cause);
    }
    const database = openDatabase(folder);
    try {
      tellHolder(folder);
      const objects = await FileObjects.open(join(folder, "objects"), (error) => {
        markPoisoned(folder, error);
      });
      return new EmbeddedStore(folder, database, objects);
    } catch (cause) {
      database.close();
      throw failure(folder, `cannot open ${folder}`, cause);
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
    const bytes = readIfThere(join(this.#folder, "checkpoint"));
    return bytes && new Uint8Array(bytes);
  }

  async publish(checkpoint: Uint8Array): Promise<void> {
    await this.#objects.replace(join(this.#folder, "checkpoint"), checkpoint);
  }

  async close(): Promise<void> {
    if (!this.#database.isOpen) return;
    try {
      rmSync(join(this.#folder, "holder"), { force: true });
    } catch (cause) {
      throw storageError(`cannot remove ${this.#folder}/holder`, cause);
    } finally {
      this.#database.close();
    }
  }

  #transaction<Value>(what: string, work: () => Value): Value {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      const value = work();
      this.#database.exec("COMMIT");
      return value;
    } catch (cause) {
      const error = failure(this.#folder, `cannot ${what}`, cause);
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}

/** What a failure of a file or of the database means; leaves the marker after a failed sync. */
function failure(folder: string, what: string, cause: unknown): LogError {
  const { errcode = 0 } = cause as { errcode?: number };
  let error: LogError;
  if (cause instanceof LogError) error = cause;
  else if (errcode === SQLITE_IOERR_FSYNC) error = poisoned(what, cause);
  else if (codesOfDamage.has(errcode & 0xff)) {
    const problem = `${join(folder, "log.db")} is damaged, or cannot be read`;
    error = new LogError("corrupt", `${problem}: ${String(cause)}`, "run log fsck", { cause });
  } else error = storageError(what, cause);
  if (error.code === "poisoned") markPoisoned(folder, error);
  return error;
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

/** Says who has the log, to whoever is refused it. */
function tellHolder(folder: string): void {
  try {
    writeFileSync(join(folder, "holder"), `${process.pid}\n`);
  } catch (cause) {
    // On a full disk it is only not told: the lock is the database's, and reading needs no room.
    if ((cause as { code?: unknown }).code !== "ENOSPC") throw cause;
  }
}

function openDatabase(folder: string): DatabaseSync {
  const path = join(folder, "log.db");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
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
    syncFolder(folder); // the name of the WAL, which was made just now
    const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
    if (version === 0) database.exec(SCHEMA);
    else if (version !== schemaVersion) {
      throw new LogError("corrupt", `${path} has the layout ${String(version)} of another version`);
    }
    database.exec("COMMIT");
    return database;
  } catch (cause) {
    if (database?.isOpen) database.close();
    const { errcode = 0 } = cause as { errcode?: number };
    if ((errcode & 0xff) === SQLITE_BUSY) throw locked(folder, cause);
    throw failure(folder, `cannot open ${path}`, cause);
  }
}

/**
 * Makes an empty file; one that is there is not even opened, since to close it again would release
 * the lock of another thread of this process that has the log open (POSIX locks are the process's).
 */
function makeIfMissing(path: string): void {
  try {
    closeSync(openSync(path, "ax", 0o640));
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "EEXIST") throw cause;
  }
}

/** @throws LogError `storage` */
function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw storageError(`cannot read ${path}`, cause);
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
