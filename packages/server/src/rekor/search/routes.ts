// SPDX-License-Identifier: Apache-2.0
import { encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { leafHash } from "@chancery/formats/merkle";
import type { LoggedEntry } from "@chancery/log";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../../errors.ts";
import { addRoute } from "../../http/index.ts";
import { bodyKind } from "../body-kind.ts";
import type { SearchableLog } from "../transparency-log.ts";
import { readSearchQuery } from "./query.ts";
import { searchLog } from "./search.ts";

/** How the entries of one API look in search results. */
export interface SearchRouteOptions {
  readonly path: string;
  readonly api: "rekor-v1" | "rekor-v2";
  readonly log: SearchableLog;
  readonly item: (found: LoggedEntry) => object;
  /** Whether the operator has it on. */
  readonly enabled: boolean;
}

const jsonLines = "application/x-ndjson";

/** Adds a search: JSON, or with `Accept: application/x-ndjson` a line for each entry. */
export function addSearchRoute(app: FastifyInstance, options: SearchRouteOptions): void {
  const { path, api, log, item, enabled } = options;
  const get = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (!enabled) {
      throw new ServiceError("disabled", "Search Log API not enabled in this Rekor instance");
    }
    const query = readSearchQuery(request.query as Record<string, unknown>);
    const { entries, nextBefore } = await searchLog(log, query);
    const items = entries.map(item);
    const nextCursor = nextBefore === undefined ? null : String(nextBefore);
    reply.headers({ "cache-control": "no-store", vary: "Accept" });
    if (nextCursor !== null) reply.header("x-next-cursor", nextCursor);
    if (!String(request.headers.accept ?? "").includes(jsonLines)) {
      return reply.send({ entries: items, nextCursor });
    }
    const lines = items.map((line) => `${JSON.stringify(line)}\n`).join("");
    return reply.type(jsonLines).send(lines);
  };
  addRoute(app, { path, label: { api, path }, get });
}

/**
 * An entry of a v1 search, by its virtual index. Its proof and promise are to be had under its id.
 */
export function searchItemV1(
  entry: LoggedEntry,
  tree: { readonly treeId: bigint; readonly logId: string },
): object {
  const uuid = tree.treeId.toString(16).padStart(16, "0") + encodeHex(leafHash(entry.bytes));
  return {
    uuid,
    logIndex: entry.index,
    logID: tree.logId,
    integratedTime: Math.floor(entry.timeMs / 1000),
    ...bodyKind(entry.bytes),
    body: encodeBase64(entry.bytes),
  };
}

/** An entry of a v2 search, in the names of a TransparencyLogEntry; `loggedTime` is unsigned. */
export function searchItemV2(entry: LoggedEntry, logId: string): object {
  const { kind, apiVersion } = bodyKind(entry.bytes);
  return {
    logIndex: String(entry.index),
    logId: { keyId: logId },
    kindVersion: { kind, version: apiVersion },
    loggedTime: new Date(entry.timeMs).toISOString(),
    canonicalizedBody: encodeBase64(entry.bytes),
  };
}
