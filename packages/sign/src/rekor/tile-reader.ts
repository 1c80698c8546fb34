// SPDX-License-Identifier: Apache-2.0
import type { LogEntry } from "@chancery/formats/bundle";
import { bytesEqual, decodeUtf8 } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { noteKeyHash, parseSignedCheckpoint, type SignedCheckpoint } from "@chancery/formats/note";
import {
  bundlePath,
  decodeEntryBundle,
  inclusionProofFromTiles,
  tilePath,
  tilesForInclusion,
  type TileReference,
  tileWidth,
  widthInTree,
} from "@chancery/formats/tiles";
import type { TransparencyLog } from "@chancery/formats/trust";
import { SignError } from "../errors.ts";
import { exchange, type HttpOptions, serviceUrl } from "../http/index.ts";
import { readKind } from "./entry-v1.ts";

const service = "the Rekor v2 log";
const [noteType, tileType] = ["text/plain", "application/octet-stream"];

/**
 * Reads an entry from the tiles of a log, with a proof made of them.
 *
 * @param logs what is known of logs: tiles do not say the id that bundles name their log by.
 * @throws SignError `service-…`; `log-entry-unproven` where the log is none of `logs`, or its last
 *   checkpoint does not reach the entry. Does not verify the proof, or who signed the checkpoint.
 */
export async function readLoggedEntry(
  url: string,
  index: number,
  logs: readonly TransparencyLog[],
  http: HttpOptions,
): Promise<LogEntry> {
  const get = async (path: string, accept: string): Promise<Uint8Array> => {
    const target = serviceUrl(url, path);
    const request = { method: "GET", url: target, accept, expected: [200], service } as const;
    return (await exchange(request, http)).body;
  };
  try {
    const note = decodeUtf8(await get("checkpoint", noteType), "checkpoint");
    const signed = parseSignedCheckpoint(note);
    const { size: treeSize, rootHash } = signed.checkpoint;
    const size = Number(treeSize);
    if (index >= size) throw unproven(url, index, `is beyond its newest checkpoint of ${size}`);
    const hashes = await readProof(index, size, (tile) => get(tilePath(tile), tileType));
    const body = await readBody(index, size, (path) => get(path, tileType));
    return {
      logIndex: BigInt(index),
      logId: findLogId(signed, logs, url, index),
      ...readKind(body),
      integratedTime: 0n,
      inclusionProof: {
        logIndex: BigInt(index),
        rootHash,
        treeSize,
        hashes,
        checkpoint: note,
      },
      canonicalizedBody: body,
    };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const words = `${service} at ${url} has entry ${index} and serves it malformed: ${cause.message}`;
    throw new SignError("service-malformed", words, "", { cause });
  }
}

async function readProof(
  index: number,
  size: number,
  get: (tile: TileReference) => Promise<Uint8Array>,
): Promise<Uint8Array[]> {
  const needed = tilesForInclusion(index, size);
  const tiles = new Map<string, Uint8Array>();
  for (const tile of needed) tiles.set(tilePath(tile), await get(tile));
  return inclusionProofFromTiles(index, size, (tile) => tiles.get(tilePath(tile)));
}

async function readBody(
  index: number,
  size: number,
  get: (path: string) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const bundle = Math.floor(index / tileWidth);
  const width = widthInTree(0, bundle, size);
  const entries = decodeEntryBundle(await get(bundlePath({ index: bundle, width })), width);
  return (entries[index % tileWidth] as Uint8Array).slice();
}

function findLogId(
  { note }: SignedCheckpoint,
  logs: readonly TransparencyLog[],
  url: string,
  index: number,
): Uint8Array {
  const known = logs.find(({ logId, checkpointKeyId = logId }) =>
    note.signatures.some(({ keyHash }) => bytesEqual(keyHash, noteKeyHash(checkpointKeyId))),
  );
  if (known) return known.logId;
  throw unproven(url, index, "is signed by a log of which nothing is known here");
}

function unproven(url: string, index: number, problem: string): SignError {
  return new SignError(
    "log-entry-unproven",
    `${service} at ${url} says that it has the entry already, at ${index}, which ${problem}`,
    "pass the trusted root that names the log",
  );
}
