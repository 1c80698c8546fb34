// SPDX-License-Identifier: Apache-2.0
// A log in memory with the shape of the real one: honest proofs, no durability.
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import type { PrivateKey } from "@chancery/formats/crypto/node";
import { emptyRoot, leafHash, nodeHash } from "@chancery/formats/merkle";
import { encodeCheckpoint, encodeNote, logKeyId, noteKeyHash } from "@chancery/formats/note";
import {
  encodeEntryBundle,
  foldPlan,
  type HashPlan,
  planConsistency,
  planInclusion,
  planRoot,
} from "@chancery/formats/tiles";
import {
  type EntryInput,
  LogError,
  type LoggedEntry,
  type LogHead,
  type Receipt,
} from "@chancery/log";
import type { TransparencyLog } from "../src/rekor/index.ts";

export interface MemoryLogOptions {
  readonly origin: string;
  readonly key: PrivateKey;
  readonly now?: () => number;
}

/** All of it is fields, so that tests can look and interfere. */
export class MemoryLog implements TransparencyLog {
  readonly options: MemoryLogOptions;
  readonly stored: LoggedEntry[] = [];
  readonly leaves: Uint8Array[] = [];
  readonly byLeaf: Map<string, number> = new Map();
  readonly attachments: Map<number, Uint8Array> = new Map();
  readonly byKey: Map<string, number[]> = new Map();
  /** Thrown by the next append. */
  failure: Error | undefined;

  constructor(options: MemoryLogOptions) {
    this.options = options;
  }

  async append(input: EntryInput): Promise<Receipt> {
    const { bytes, keys = new Uint8Array(0), attachment } = input;
    await Promise.resolve();
    if (this.failure) throw this.failure;
    const leaf = leafHash(bytes);
    const known = this.byLeaf.get(encodeHex(leaf));
    const index = known ?? this.stored.length;
    if (known === undefined) {
      const timeMs = (this.options.now ?? Date.now)();
      this.stored.push({ index, bytes, timeMs, keys, hasAttachment: attachment !== undefined });
      if (attachment) this.attachments.set(index, attachment);
      this.leaves.push(leaf);
      this.byLeaf.set(encodeHex(leaf), index);
      for (let at = 0; at < keys.length; at += 16) {
        const key = encodeHex(keys.subarray(at, at + 16));
        this.byKey.set(key, [...(this.byKey.get(key) ?? []), index]);
      }
    }
    const head = this.headAt(this.stored.length);
    const proof = this.#hashes(planInclusion(index, head.size));
    const { timeMs } = this.stored[index] as LoggedEntry;
    return { index, timeMs, duplicate: known !== undefined, head, proof };
  }

  head(): LogHead {
    return this.headAt(this.stored.length);
  }

  async entry(index: number): Promise<LoggedEntry> {
    const entry = this.stored[index];
    if (!entry) throw new LogError("out-of-range", `no entry ${index}`);
    return entry;
  }

  async attachment(index: number): Promise<Uint8Array | undefined> {
    return this.attachments.get(index);
  }

  async indexOf(leaf: Uint8Array): Promise<number | undefined> {
    return this.byLeaf.get(encodeHex(leaf));
  }

  async inclusionProof(index: number, size: number): Promise<Uint8Array[]> {
    return this.#hashes(planInclusion(index, size));
  }

  async consistencyProof(oldSize: number, newSize: number): Promise<Uint8Array[]> {
    return this.#hashes(planConsistency(oldSize, newSize));
  }

  async search(
    key: Uint8Array,
    { before = Infinity, limit }: { readonly before?: number; readonly limit: number },
  ): Promise<number[]> {
    const found = this.byKey.get(encodeHex(key)) ?? [];
    return found
      .filter((index) => index < before)
      .toReversed()
      .slice(0, limit);
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    const hashes = Math.floor(this.stored.length / 256 ** level);
    if (index * 256 + width > hashes) return undefined;
    const nodes = Array.from({ length: width }, (_, i) => this.#node(level * 8, index * 256 + i));
    return new Uint8Array(Buffer.concat(nodes));
  }

  async entries(index: number, width: number): Promise<Uint8Array | undefined> {
    if (index * 256 + width > this.stored.length) return undefined;
    const part = this.stored.slice(index * 256, index * 256 + width);
    return encodeEntryBundle(part.map(({ bytes }) => bytes));
  }

  headAt(size: number): LogHead {
    const [rootHash = emptyRoot()] = size === 0 ? [] : this.#hashes([planRoot(size)]);
    const { origin, key } = this.options;
    const text = encodeCheckpoint({ origin, size: BigInt(size), rootHash, extensions: [] });
    const ed25519 = key.publicKey.type === "ed25519";
    const signature = key.sign(
      ed25519 ? { kind: "ed25519" } : { kind: "ecdsa", hash: "sha256" },
      utf8Bytes(text),
    );
    const keyHash = noteKeyHash(logKeyId(origin, key.publicKey));
    const note = encodeNote(text, [{ name: origin, keyHash, signature }]);
    return {
      size,
      rootHash,
      timeMs: this.stored[size - 1]?.timeMs ?? 0,
      checkpoint: utf8Bytes(note),
    };
  }

  #hashes(plans: readonly HashPlan[]): Uint8Array[] {
    return plans.map((plan) => foldPlan(plan, ({ level, index }) => this.#node(level, index)));
  }

  #node(level: number, index: number): Uint8Array {
    if (level === 0) return this.leaves[index] ?? sha256(new Uint8Array(0));
    return nodeHash(this.#node(level - 1, 2 * index), this.#node(level - 1, 2 * index + 1));
  }
}
