// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import type { NoteVerifier } from "@chancery/formats/note";
import { bundlePath, tilePath, tileWidth } from "@chancery/formats/tiles";
import type { EntryFormat, StoredBody, StoredHead } from "../record/index.ts";
import type { SearchIndex } from "../search/index.ts";
import type { EdgeTree, TreeReader } from "../tree/index.ts";
import type { Tail } from "./tail.ts";

/**
 * The log in memory, as far as it is. The sequencer alone changes `tree`, `tail` and `head`, the
 * background alone `body`; a state that may differ from what is stored is thrown away as a whole.
 */
export interface EngineState {
  readonly format: EntryFormat;
  head: StoredHead;
  /** Root of the tree at `head.size`. */
  rootHash: Uint8Array;
  /** Ahead of `head` while a commit is under way. */
  readonly tree: EdgeTree;
  readonly reader: TreeReader;
  readonly tail: Tail;
  readonly index: SearchIndex;
  body: StoredBody;
}

/** Whose log it is. */
export interface LogIdentity {
  readonly origin: string;
  readonly verifier: NoteVerifier;
}

/** Name of the object with the notes of a full bundle. */
export function notesName(bundle: number): string {
  return `notes/${pathOf(bundle)}`;
}

/** Name of the object with an entry's attachment. */
export function attachmentName(index: number): string {
  return `attachment/${pathOf(index)}`;
}

/** Name of the object with a full bundle. */
export function bundleName(format: EntryFormat, bundle: number): string {
  return format.bundlePath({ index: bundle, width: tileWidth });
}

/** Name of the object with a full tile. */
export function tileName(level: number, index: number): string {
  return tilePath({ level, index, width: tileWidth });
}

/** Name of the object with a blob that entries refer to by its SHA-256. */
export function blobName(digest: Uint8Array): string {
  return `${blobFolder}${encodeHex(digest)}`;
}

/** Of the blobs' objects. */
export const blobFolder = "blob/";

function pathOf(index: number): string {
  return bundlePath({ index, width: tileWidth }).slice("tile/entries/".length);
}
