// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, concatBytes } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { tileHashSizeBytes, tileWidth } from "@chancery/formats/tiles";
import { LogError } from "../errors.ts";
import {
  Batch,
  decodeBody,
  decodeHead,
  type EntryFormat,
  entryFormats,
  type StoredBody,
  type StoredHead,
} from "../record/index.ts";
import { SearchIndex } from "../search/index.ts";
import type { LogStore, StoredLog } from "../store/index.ts";
import { EdgeTree, emptyEdge, TreeReader } from "../tree/index.ts";
import { readCheckpoint } from "./signer.ts";
import { bundleName, type EngineState, type LogIdentity, tileName } from "./state.ts";
import { Tail } from "./tail.ts";

/** What the stored log is compared with. */
export interface RecoveryOptions {
  /** Undefined where origin and signatures are not to be checked. */
  readonly log: LogIdentity | undefined;
  /** A mirror's checkpoint may be of a larger tree than what is mirrored so far. */
  readonly mirror: boolean;
  /** Checkpoints of this log that others have, such as witnesses: none may be newer. */
  readonly seen: readonly Uint8Array[];
}

/**
 * Loads the log and proves that its parts belong together: the tail's entries lead from the body's
 * edge to the head's range, that to the root, and the root is in the signed checkpoint; no object,
 * published or otherwise seen checkpoint is ahead of the database.
 *
 * @returns undefined where no log is stored.
 * @throws LogError `corrupt` | `rolled-back` | `wrong-log` | `unverified`; the store's codes
 */
export async function loadState(
  store: LogStore,
  options: RecoveryOptions,
): Promise<EngineState | undefined> {
  const stored = await store.load();
  if (!stored.head) {
    await checkNothingElse(store);
    return undefined;
  }
  const head = decodeHead(stored.head.payload);
  if (head.size !== stored.head.size) throw corrupt("the head has two sizes");
  const format = entryFormats[head.format];
  const body: StoredBody = stored.body ? decodeBody(stored.body) : { edge: emptyEdge, runs: [] };
  const tail = new Tail(readBatches(stored, body.edge.size, head, format));
  const tree = regrow(body, tail, format);
  if (tree.size !== head.size) throw corrupt(`the tail leads to ${tree.size}, not ${head.size}`);
  const range = tree.range();
  if (
    range.length !== head.range.length ||
    !range.every((hash, i) => sameHash(hash, head.range[i]))
  ) {
    throw corrupt(`the entries do not lead to the head of size ${head.size}`);
  }
  const rootHash = tree.root();
  checkCheckpoint(head, rootHash, options);
  const reader = new TreeReader(
    (node) => tree.node(node),
    (level, index) => store.objects.get(tileName(level, index)),
  );
  await checkObjects(store, body, head, format);
  await checkSeen(store, reader, head, options);
  checkRuns(body);
  const index = await SearchIndex.load(store.objects, body.runs);
  const leaf = leafSource({ tree, tail, format });
  for (const batch of tail.batches) {
    index.add(batch, leaf, Math.max(batch.first, body.edge.size));
  }
  return { format, head, rootHash, tree, reader, tail, index, body };
}

/** By what entries of the tail are found: the leaf hash, and the identity where it is another. */
export function leafSource({
  tree,
  tail,
  format: { identity },
}: Pick<EngineState, "tree" | "tail" | "format">): (index: number) => Uint8Array {
  const leaf = (index: number): Uint8Array => tree.node({ level: 0, index }) as Uint8Array;
  if (!identity) return leaf;
  return (index) => concatBytes(leaf(index), identity(tail.entry(index)));
}

/** A store without a head must be empty: otherwise its database was lost. */
async function checkNothingElse(store: LogStore): Promise<void> {
  const names = Object.values(entryFormats).map((format) => bundleName(format, 0));
  const found = await Promise.all(names.map((name) => store.objects.get(name)));
  const isEmpty = found.every((bundle) => bundle === undefined);
  if (isEmpty && (await store.published()) === undefined) return;
  throw new LogError(
    "rolled-back",
    "the database has no log, but its objects are there",
    "restore the newest copy of the database, or begin a new log with a new key elsewhere",
  );
}

function readBatches(
  stored: StoredLog,
  bodySize: number,
  head: StoredHead,
  format: EntryFormat,
): Batch[] {
  const batches: Batch[] = [];
  let next: number | undefined;
  for (const { first, count, payload } of stored.batches) {
    if (next !== undefined && first !== next)
      throw corrupt(`batches ${next} to ${first} are missing`);
    if (first + count > bodySize) batches.push(new Batch(first, count, payload, format));
    next = first + count;
  }
  const first = batches[0]?.first ?? head.size;
  if (first > bodySize) throw corrupt(`entries ${bodySize} to ${first} are missing`);
  return batches;
}

function regrow(body: StoredBody, tail: Tail, format: EntryFormat): EdgeTree {
  let tree: EdgeTree;
  try {
    tree = new EdgeTree(body.edge);
  } catch (cause) {
    throw new LogError("corrupt", "the stored edge of the tree is damaged", "", { cause });
  }
  for (const batch of tail.batches) {
    for (let i = Math.max(batch.first, tree.size); i < batch.end; i++) {
      tree.append(format.leafHash(batch.entry(i)));
    }
  }
  return tree;
}

function checkCheckpoint(
  head: StoredHead,
  rootHash: Uint8Array,
  { log, mirror }: RecoveryOptions,
): void {
  let checkpoint: ReturnType<typeof readCheckpoint>;
  try {
    checkpoint = readCheckpoint(head.checkpoint, log);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new LogError("corrupt", "the stored checkpoint is damaged", "run log fsck", { cause });
  }
  const { size } = checkpoint;
  if (mirror ? size < head.size : size !== head.size) {
    throw corrupt(`the checkpoint is of size ${size}, the head of ${head.size}`);
  }
  if (size === head.size && !bytesEqual(checkpoint.checkpoint.rootHash, rootHash)) {
    throw corrupt(`the checkpoint of size ${size} has another root`);
  }
}

/** The last objects of the body must be there, and the first ones after the head must not. */
async function checkObjects(
  store: LogStore,
  body: StoredBody,
  head: StoredHead,
  format: EntryFormat,
): Promise<void> {
  const bundles = body.edge.size / tileWidth;
  if (bundles > 0) {
    const tile = await store.objects.get(tileName(0, bundles - 1));
    const bundle = await store.objects.get(bundleName(format, bundles - 1), {
      start: 0,
      length: 1,
    });
    if (tile?.length !== tileWidth * tileHashSizeBytes || bundle?.length !== 1) {
      throw corrupt(`objects before entry ${body.edge.size} are missing`);
    }
  }
  const next = Math.floor(head.size / tileWidth);
  if ((await store.objects.get(bundleName(format, next), { start: 0, length: 1 })) === undefined)
    return;
  throw rolledBack(`there is a full bundle beyond entry ${head.size}, where the database ends`);
}

/** Every entry of the body must be in a run of each family: duplicates are found by them. */
function checkRuns({ runs, edge }: StoredBody): void {
  for (const family of ["leaf", "key"] as const) {
    let next = 0;
    for (const run of runs) {
      if (run.family !== family) continue;
      if (run.first !== next || run.end < next) break;
      next = run.end;
    }
    if (next === edge.size) continue;
    const words = `the search index ends at entry ${next} of ${edge.size}`;
    throw new LogError("corrupt", words, "run log reindex");
  }
}

async function checkSeen(
  store: LogStore,
  reader: TreeReader,
  head: StoredHead,
  options: RecoveryOptions,
): Promise<void> {
  const published = await store.published();
  const seen = published ? [published, ...options.seen] : options.seen;
  for (const bytes of seen) {
    const { size, checkpoint } = readSeen(bytes, options);
    if (size > head.size) {
      // A mirror shows a checkpoint only after what it covers; a larger one is somebody's memory.
      throw rolledBack(`a checkpoint of size ${size} was shown, the database ends at ${head.size}`);
    }
    if (!bytesEqual(await reader.root(size), checkpoint.rootHash)) {
      throw new LogError(
        "rolled-back",
        `a checkpoint of size ${size} was shown that has another root than this log had`,
        "this copy has forked from what others saw: keep it, do not run it",
      );
    }
  }
}

function readSeen(bytes: Uint8Array, { log }: RecoveryOptions): ReturnType<typeof readCheckpoint> {
  try {
    return readCheckpoint(bytes, log);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const hint = "see what changed it; without that file the log shows its own again";
    throw new LogError("corrupt", "the checkpoint that was shown is damaged", hint, { cause });
  }
}

function sameHash(hash: Uint8Array, other: Uint8Array | undefined): boolean {
  return other !== undefined && bytesEqual(hash, other);
}

function rolledBack(problem: string): LogError {
  const hint = "this is an old copy of the log: restore the newest one";
  return new LogError("rolled-back", problem, hint);
}

function corrupt(problem: string): LogError {
  return new LogError("corrupt", problem, "run log fsck");
}
