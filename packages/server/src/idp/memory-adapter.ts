// SPDX-License-Identifier: Apache-2.0
import type { Adapter, AdapterPayload } from "oidc-provider";

/** Of each kind; when there are more, the oldest is forgotten. */
const entriesMax = 20_000;

/** Kept after the end, so that what has expired is told from what never was. */
const graceMs = 10 * 60_000;

interface Entry {
  readonly payload: AdapterPayload;
  readonly endMs: number;
}

/**
 * What the provider remembers of sign-ins under way: sessions, codes, grants. It lives in memory
 * on purpose: all of it is over within minutes, and a restart costs a person one sign-in more.
 */
export class SignInMemory {
  readonly #kinds = new Map<string, Kind>();
  readonly #now: () => number;

  /** @param now milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The part for one kind of thing, in the form that the library asks for. */
  adapter(name: string): Adapter {
    let kind = this.#kinds.get(name);
    if (!kind) this.#kinds.set(name, (kind = new Kind(this, this.#now)));
    return kind;
  }

  /** Forgets everything that came from a grant, as when its code is used a second time. */
  revokeGrant(grantId: string): void {
    for (const kind of this.#kinds.values()) kind.removeGrant(grantId);
  }
}

class Kind implements Adapter {
  readonly #memory: SignInMemory;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly #idByUid = new Map<string, string>();
  readonly #idByUserCode = new Map<string, string>();

  constructor(memory: SignInMemory, now: () => number) {
    this.#memory = memory;
    this.#now = now;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    this.#remove(id);
    this.#makeRoom();
    const endMs = this.#now() + (expiresIn ?? 0) * 1000 + graceMs;
    this.#entries.set(id, { payload, endMs });
    if (payload.uid !== undefined) this.#idByUid.set(payload.uid, id);
    if (payload.userCode !== undefined) this.#idByUserCode.set(payload.userCode, id);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    if (entry.endMs > this.#now()) return entry.payload;
    this.#remove(id);
    return undefined;
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const id = this.#idByUid.get(uid);
    return id === undefined ? undefined : this.find(id);
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    const id = this.#idByUserCode.get(userCode);
    return id === undefined ? undefined : this.find(id);
  }

  async consume(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry) entry.payload.consumed = Math.floor(this.#now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.#remove(id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    this.#memory.revokeGrant(grantId);
  }

  removeGrant(grantId: string): void {
    for (const [id, { payload }] of this.#entries)
      if (payload.grantId === grantId) this.#remove(id);
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    const { uid, userCode } = entry.payload;
    if (uid !== undefined && this.#idByUid.get(uid) === id) this.#idByUid.delete(uid);
    if (userCode !== undefined) this.#idByUserCode.delete(userCode);
  }

  /** Entries are in the order of their last change: those at the front end first. */
  #makeRoom(): void {
    for (const [id, { endMs }] of this.#entries) {
      if (endMs > this.#now() && this.#entries.size < entriesMax) return;
      this.#remove(id);
    }
  }
}
