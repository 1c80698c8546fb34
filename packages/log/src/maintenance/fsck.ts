// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, concatBytes, encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { tileWidth } from "@chancery/formats/tiles";
import {
  attachmentName,
  blobName,
  bundleName,
  type EngineState,
  loadState,
  type LogIdentity,
  notesName,
  tileName,
} from "../engine/index.ts";
import { LogError } from "../errors.ts";
import { decodeNotes, type EntryNotes } from "../record/index.ts";
import { addEntry, checkRun, RunChecksum } from "../search/index.ts";
import type { LogStore } from "../store/index.ts";
import { EdgeTree, emptyEdge } from "../tree/index.ts";

/** What a check of a whole log found. */
export interface FsckReport {
  readonly size: number;
  readonly rootHash: Uint8Array;
  /** Entries proven from their bytes up to the root. */
  readonly entries: number;
  readonly tiles: number;
  /** Records of the search index that were compared with the entries. */
  readonly records: number;
  /** Whether the checkpoint's signature was verified: false where no key was given. */
  readonly signatureChecked: boolean;
  /** What is wrong, in words; empty for a log that is whole. At most 100. */
  readonly problems: readonly string[];
}

const problemsMax = 100;

/** Of an object, to see whether it is there. */
const nothing = { start: 0, length: 0 } as const;

/** What is to be checked. */
export interface FsckOptions {
  /** Whether the checkpoint may be of a larger tree than what is there so far. */
  readonly mirror?: boolean;
  /**
   * Why an attachment is not the one that its entry was logged with; undefined where it is. Only
   * who knows what entries mean can say: without it attachments need only be there.
   */
  readonly attachmentProblem?: (entry: Uint8Array, attachment: Uint8Array) => string | undefined;
}

/**
 * Proves a log from its entries up: hashes every entry, makes every tile anew and compares it,
 * leads to the signed root, and holds notes, blobs, attachments and the search index to the
 * entries.
 *
 * @param log whose it must be; undefined to check neither origin nor signature.
 * @throws LogError where the database itself cannot be read or proven, such as `corrupt` |
 *   `rolled-back` | `wrong-log`; what is wrong with objects is in the report instead.
 */
export async function fsck(
  store: LogStore,
  log: LogIdentity | undefined,
  { mirror = log === undefined, attachmentProblem }: FsckOptions = {},
): Promise<FsckReport> {
  const state = await loadState(store, { log, mirror, seen: [] });
  if (!state) throw new LogError("out-of-range", "there is no log here");
  const check = new BodyCheck(store, state, attachmentProblem);
  await check.run();
  const { tree, problems } = check;
  for (const batch of state.tail.batches) {
    for (let i = Math.max(batch.first, tree.size); i < batch.end; i++) {
      tree.append(state.format.leafHash(batch.entry(i)));
      await check.place(i, batch.entry(i), batch.timeMs(i));
      check.attachment(i, batch.entry(i), batch.attachment(i));
    }
  }
  if (!bytesEqual(tree.root(), state.rootHash)) {
    check.problem("the entries do not lead to the signed root");
  }
  const { size } = state.head;
  const { rootHash } = state;
  const { tiles, records } = check;
  const signatureChecked = log !== undefined;
  return { size, rootHash, entries: tree.size, tiles, records, signatureChecked, problems };
}

class BodyCheck {
  readonly tree = new EdgeTree(emptyEdge);
  readonly problems: string[] = [];
  tiles = 0;
  records = 0;
  readonly #store: LogStore;
  readonly #state: EngineState;
  #timeMs = 0;
  /** Those that were looked at. */
  readonly #blobs = new Set<string>();

  readonly #attachmentProblem: FsckOptions["attachmentProblem"];

  constructor(
    store: LogStore,
    state: EngineState,
    attachmentProblem: FsckOptions["attachmentProblem"],
  ) {
    this.#store = store;
    this.#state = state;
    this.#attachmentProblem = attachmentProblem;
  }

  problem(words: string): void {
    if (this.problems.length < problemsMax) this.problems.push(words);
  }

  /** Holds an attachment to its entry, where there is one. */
  attachment(index: number, entry: Uint8Array, bytes: Uint8Array | undefined): void {
    const problem = bytes && this.#attachmentProblem?.(entry, bytes);
    if (problem !== undefined) this.problem(`${attachmentName(index)}: ${problem}`);
  }

  async run(): Promise<void> {
    const { edge, runs } = this.#state.body;
    const expected = runs.map((run) => ({ run, checksum: new RunChecksum() }));
    for (let bundle = 0; bundle * tileWidth < edge.size; bundle++) {
      const checked = await this.#checkBundle(bundle);
      if (!checked) return; // without its entries nothing behind them can be proven
      const { notes, leaves } = checked;
      for (const { run, checksum } of expected) {
        const start = bundle * tileWidth;
        if (run.first > start || run.end <= start) continue;
        const none = { add: (): void => undefined };
        const sinks = { leaf: none, key: none, [run.family]: checksum };
        for (const [i, { keys }] of notes.entries()) {
          addEntry(sinks, leaves[i] as Uint8Array, keys, start + i);
        }
      }
      this.tree.trim(this.tree.size);
    }
    for (const { run, checksum } of expected) {
      const { records, problem } = await checkRun(this.#store.objects, run, checksum);
      this.records += records;
      if (problem) this.problem(problem);
    }
  }

  /** Holds what an entry says and refers to, to where it is and what is there. */
  async place(index: number, entry: Uint8Array, timeMs: number): Promise<void> {
    const { format } = this.#state;
    const misplaced = format.misplaced(entry, index, timeMs);
    if (misplaced !== undefined) this.problem(`entry ${index} ${misplaced}`);
    for (const digest of format.blobs(entry)) {
      const name = encodeHex(digest);
      if (this.#blobs.has(name)) continue;
      this.#blobs.add(name);
      const blob = await this.#store.objects.get(blobName(digest));
      if (!blob) this.problem(`${blobName(digest)}: is missing, to which entry ${index} refers`);
      else if (!bytesEqual(sha256(blob), digest)) {
        this.problem(`${blobName(digest)}: is not what its name says`);
      }
    }
  }

  /**
   * @returns of the entries the notes and by what the index finds them; undefined where they cannot
   *   be read.
   */
  async #checkBundle(
    index: number,
  ): Promise<
    { readonly notes: readonly EntryNotes[]; readonly leaves: readonly Uint8Array[] } | undefined
  > {
    const { objects } = this.#store;
    const { format } = this.#state;
    let entries: readonly Uint8Array[];
    let notes: readonly EntryNotes[] = [];
    try {
      const bundle = await objects.get(bundleName(format, index));
      if (!bundle) throw new LogError("corrupt", "is missing");
      entries = format.decodeBundle(bundle, tileWidth);
    } catch (cause) {
      this.problem(`${bundleName(format, index)}: ${words(cause)}`);
      return undefined;
    }
    try {
      notes = decodeNotes((await objects.get(notesName(index))) ?? new Uint8Array(0));
    } catch (cause) {
      this.problem(`${notesName(index)}: ${words(cause)}`);
    }
    const leaves = entries.map((entry) => {
      const leaf = format.leafHash(entry);
      this.tree.append(leaf);
      return format.identity ? concatBytes(leaf, format.identity(entry)) : leaf;
    });
    for (const [i, note] of notes.entries()) {
      await this.#checkNote(index * tileWidth + i, note, entries[i] as Uint8Array);
    }
    await this.#checkTiles();
    return { notes, leaves };
  }

  async #checkNote(
    index: number,
    { timeMs, hasAttachment }: EntryNotes,
    entry: Uint8Array,
  ): Promise<void> {
    if (timeMs < this.#timeMs)
      this.problem(`entry ${index} has an earlier time than the one before`);
    this.#timeMs = timeMs;
    await this.place(index, entry, timeMs);
    const name = attachmentName(index);
    const isRead = hasAttachment && this.#attachmentProblem !== undefined;
    const there = await this.#store.objects.get(name, isRead ? undefined : nothing);
    if (hasAttachment !== (there !== undefined)) {
      this.problem(`${name}: ${hasAttachment ? "is missing" : "belongs to no entry"}`);
    } else if (isRead) this.attachment(index, entry, there);
  }

  /** The tiles that the tree's last leaf has filled. */
  async #checkTiles(): Promise<void> {
    for (let level = 0, span = tileWidth; this.tree.size % span === 0; level++, span *= tileWidth) {
      const index = this.tree.size / span - 1;
      const name = tileName(level, index);
      const made = this.tree.tile({ level, index, width: tileWidth }) as Uint8Array;
      const stored = await this.#store.objects.get(name);
      this.tiles++;
      if (!stored) this.problem(`${name}: is missing`);
      else if (!bytesEqual(stored, made)) this.problem(`${name}: is not what the entries make`);
    }
  }
}

function words(cause: unknown): string {
  if (cause instanceof FormatError || cause instanceof LogError) return cause.message;
  throw cause;
}
