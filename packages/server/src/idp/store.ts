// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { randomBytes } from "@chancery/formats/crypto/node";
import { IdpError } from "./errors.ts";
import type { StoredKey } from "./key-sealing.ts";
import { randomText, textEqualInConstantTime } from "./secrets.ts";

/** A person who signs in with a password. */
export interface User {
  /** Never changes and is never given again: the `sub` of this user's tokens. */
  readonly id: string;
  readonly email: string;
  /** As `hashPassword` made it. */
  readonly passwordHash: string;
  readonly created: Date;
}

/** A machine that signs in with a secret. */
export interface MachineClient {
  /** Also the `sub` of its tokens. */
  readonly id: string;
  /** The `email` of its tokens, where it has one. */
  readonly email: string | undefined;
  readonly created: Date;
}

/** A key that signs tokens, or did. */
export interface SigningKeyRecord {
  readonly kid: string;
  /** As `KeySealing` made it. */
  readonly stored: StoredKey;
  readonly created: Date;
  /** When another one took its place. */
  readonly retired: Date | undefined;
}

/** Its file, in a data directory. */
const storeFile = "identity-provider.db";

/** Large enough for one person's scrypt to be over, and for a slow disk. */
const busyTimeoutMs = 5000;

const schema = `
  CREATE TABLE IF NOT EXISTS user (
    id TEXT PRIMARY KEY, email TEXT NOT NULL, email_key TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL, created_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS machine_client (
    id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL, email TEXT, created_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS signing_key (
    kid TEXT PRIMARY KEY, jwk TEXT NOT NULL, created_ms INTEGER NOT NULL, retired_ms INTEGER)
    STRICT;
  CREATE TABLE IF NOT EXISTS birth (only INTEGER PRIMARY KEY CHECK (only = 1), at_ms INTEGER) STRICT;
  CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
`;

const emailPattern = /^[^\s@"<>()\\,;:\p{Cc}]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$/u;
const clientIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether a text is an e-mail address as identities have it: no quotes, no comments. */
export function isEmail(text: string): boolean {
  return text.length <= 254 && emailPattern.test(text);
}

/**
 * What an identity provider keeps: users, machine clients, its keys and secrets, in a database that
 * only its owner can read. Several processes may use it at once, so that users can be changed while
 * the provider runs. An attacker who writes here can sign in as anybody.
 */
export class IdpStore {
  readonly #database: DatabaseSync;

  /**
   * Opens the store of a data directory, and makes it where there is none.
   * @throws IdpError `store`
   */
  constructor(directory: string) {
    const path = join(directory, storeFile);
    try {
      // SQLite would make it readable to all; its journal gets the permissions of the database.
      if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
      this.#database = new DatabaseSync(path, { timeout: busyTimeoutMs });
      // What is overwritten, such as a key that was plain, is not left in the file.
      this.#database.exec(`PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; ${schema}`);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new IdpError("store", `cannot open ${path}: ${why}`, { cause });
    }
  }

  close(): void {
    this.#database.close();
  }

  /** @param passwordHash as `hashPassword` made it. @throws IdpError `exists` | `invalid` */
  addUser(email: string, passwordHash: string): User {
    requireEmail(email);
    const user = { id: crypto.randomUUID(), email, passwordHash, created: new Date() };
    const sql =
      "INSERT INTO user (id, email, email_key, password, created_ms) VALUES (?, ?, ?, ?, ?) " +
      "ON CONFLICT DO NOTHING";
    const values = [user.id, email, emailKey(email), passwordHash, user.created.getTime()];
    if (this.#run(sql, ...values) === 0) {
      throw new IdpError("exists", `there is a user ${email} already`);
    }
    return user;
  }

  /** By address, whatever the case of its letters. */
  userByEmail(email: string): User | undefined {
    return this.#users("WHERE email_key = ?", emailKey(email))[0];
  }

  userById(id: string): User | undefined {
    return this.#users("WHERE id = ?", id)[0];
  }

  /** By address. */
  users(): readonly User[] {
    return this.#users("ORDER BY email_key");
  }

  /** @throws IdpError `unknown` */
  setPassword(email: string, passwordHash: string): void {
    const sql = "UPDATE user SET password = ? WHERE email_key = ?";
    if (this.#run(sql, passwordHash, emailKey(email)) === 0) throw unknownUser(email);
  }

  /** @throws IdpError `unknown` */
  removeUser(email: string): void {
    if (this.#run("DELETE FROM user WHERE email_key = ?", emailKey(email)) === 0) {
      throw unknownUser(email);
    }
  }

  /**
   * Adds a machine client.
   * @returns its secret, of which only a hash is kept. @throws IdpError `exists` | `invalid`
   */
  addMachineClient(id: string, email: string | undefined): string {
    if (!clientIdPattern.test(id)) {
      const message = `${JSON.stringify(id)} cannot name a machine: use letters, digits and . _ -`;
      throw new IdpError("invalid", message);
    }
    if (email !== undefined) requireEmail(email);
    const secret = randomText();
    const sql =
      "INSERT INTO machine_client (id, secret_hash, email, created_ms) VALUES (?, ?, ?, ?) " +
      "ON CONFLICT DO NOTHING";
    if (this.#run(sql, id, secretHash(secret), email ?? null, Date.now()) === 0) {
      throw new IdpError("exists", `there is a machine client ${id} already`);
    }
    return secret;
  }

  machineClients(): readonly MachineClient[] {
    return this.#machineClients("ORDER BY id");
  }

  machineClient(id: string): MachineClient | undefined {
    return this.#machineClients("WHERE id = ?", id)[0];
  }

  /** Whether this is the secret of the client; in constant time. */
  checkMachineSecret(id: string, secret: string): boolean {
    const sql = "SELECT secret_hash FROM machine_client WHERE id = ?";
    const expected = this.#database.prepare(sql).get(id)?.["secret_hash"];
    return textEqualInConstantTime(String(expected ?? ""), secretHash(secret));
  }

  /** @throws IdpError `unknown` */
  removeMachineClient(id: string): void {
    if (this.#run("DELETE FROM machine_client WHERE id = ?", id) === 0) {
      throw new IdpError("unknown", `there is no machine client ${id}`);
    }
  }

  /** Those that are kept, the oldest first. */
  signingKeys(): readonly SigningKeyRecord[] {
    const rows = this.#database.prepare("SELECT * FROM signing_key ORDER BY created_ms").all();
    return rows.map((row) => ({
      kid: String(row["kid"]),
      stored: JSON.parse(String(row["jwk"])) as StoredKey,
      created: dateOf(row["created_ms"]),
      retired: row["retired_ms"] === null ? undefined : dateOf(row["retired_ms"]),
    }));
  }

  /**
   * Makes a key the one that signs: the others retire at that time; those retired before
   * `forgetBefore` are deleted.
   */
  replaceSigningKey(key: Omit<SigningKeyRecord, "retired">, forgetBefore: Date): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const at = key.created.getTime();
      this.#run("UPDATE signing_key SET retired_ms = ? WHERE retired_ms IS NULL", at);
      this.#run("DELETE FROM signing_key WHERE retired_ms < ?", forgetBefore.getTime());
      const sql = "INSERT INTO signing_key (kid, jwk, created_ms) VALUES (?, ?, ?)";
      this.#run(sql, key.kid, JSON.stringify(key.stored), at);
      this.#database.exec("COMMIT");
    } catch (cause) {
      this.#database.exec("ROLLBACK");
      throw cause;
    }
  }

  /** Stores a key in another form, and leaves nothing of the one before in the file. */
  rewriteSigningKey(kid: string, stored: StoredKey): void {
    this.#run("UPDATE signing_key SET jwk = ? WHERE kid = ?", JSON.stringify(stored), kid);
  }

  /** When the store was made. */
  since(): Date {
    this.#run("INSERT INTO birth (only, at_ms) VALUES (1, ?) ON CONFLICT DO NOTHING", Date.now());
    return dateOf(this.#database.prepare("SELECT at_ms FROM birth").get()?.["at_ms"]);
  }

  /** A secret of 32 bytes that is made when it is first asked for. */
  secret(name: string): Uint8Array {
    const sql = "INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING";
    this.#run(sql, name, randomBytes(32));
    const value = this.#database.prepare("SELECT value FROM secret WHERE name = ?").get(name);
    return value?.["value"] as Uint8Array;
  }

  /** @returns how many rows it changed. */
  #run(sql: string, ...values: (string | number | null | Uint8Array)[]): number {
    return Number(this.#database.prepare(sql).run(...values).changes);
  }

  #users(rest: string, ...values: string[]): User[] {
    const rows = this.#database.prepare(`SELECT * FROM user ${rest}`).all(...values);
    return rows.map((row) => ({
      id: String(row["id"]),
      email: String(row["email"]),
      passwordHash: String(row["password"]),
      created: dateOf(row["created_ms"]),
    }));
  }

  #machineClients(rest: string, ...values: string[]): MachineClient[] {
    const rows = this.#database.prepare(`SELECT * FROM machine_client ${rest}`).all(...values);
    return rows.map((row) => ({
      id: String(row["id"]),
      email: row["email"] === null ? undefined : String(row["email"]),
      created: dateOf(row["created_ms"]),
    }));
  }
}

function requireEmail(email: string): void {
  if (!isEmail(email)) {
    throw new IdpError("invalid", `${JSON.stringify(email)} is not an e-mail address`);
  }
}

function unknownUser(email: string): IdpError {
  return new IdpError("unknown", `there is no user ${email}`);
}

/** Two addresses that differ in case only are one user's. */
function emailKey(email: string): string {
  return email.toLowerCase();
}

/** A secret of 256 random bits needs no slow hash. */
function secretHash(secret: string): string {
  return encodeHex(sha256(utf8Bytes(secret)));
}

function dateOf(value: SQLOutputValue | undefined): Date {
  return new Date(Number(value));
}
