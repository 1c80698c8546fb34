// SPDX-License-Identifier: Apache-2.0
import { STATUS_CODES } from "node:http";
import { decodeBase64, decodeHex, encodeBase64 } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { encodeDigitallySigned } from "@chancery/formats/sct";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceError } from "../errors.ts";
import {
  addRoute,
  bodyOf,
  pathOf,
  queryText,
  type RouteHandler,
  useErrorWriter,
} from "../http/index.ts";
import { type CtEntry, type CtLog, sctJson } from "./ct-log.ts";
import { callNames, chainCertificatesMax, type CtEntryKind } from "./submission.ts";

/** How the log is served. */
export interface CtRouteOptions {
  readonly log: CtLog;
  /** In front of all paths, such as `/ct`; empty for none. */
  readonly base: string;
  readonly bodySizeBytesMax: number;
}

/** As TesseraCT has it. */
export const ctBodySizeBytesMax: number = 512 << 10;

const caching = {
  /** What never changes, in the RFC's API. */
  immutable: "public, max-age=86400",
  /** Fewer entries than were asked for: there may be more in a moment. */
  partial: "public, max-age=60",
  tile: "public, max-age=31536000, immutable",
  partialTile: "public, max-age=604800, immutable",
  head: "no-cache",
  missing: "no-store",
} as const;

const textType = "text/plain; charset=utf-8";
const hashSizeBytes = 32;

/** A plugin with both sides of the log: RFC 6962 §4, and C2SP static-ct-api. */
export async function ctRoutes(app: FastifyInstance, options: CtRouteOptions): Promise<void> {
  const { log, base, bodySizeBytesMax } = options;
  useErrorWriter(app, writeError);
  const route = (path: string, handlers: { get?: RouteHandler; post?: RouteHandler }): void => {
    const label = { api: "ct", path: (base + path).replace(/\*|:digest/, "{path}") } as const;
    addRoute(app, { path: base + path, label, ...handlers, bodySizeBytesMax });
  };
  for (const kind of ["certificate", "precertificate"] as const) {
    route(`/ct/v1/${callNames[kind]}`, {
      post: async (request) => {
        const sct = await log.submit(readChain(bodyOf(request), kind, bodySizeBytesMax), kind);
        return sctJson(sct, encodeDigitallySigned(sct));
      },
    });
  }
  addReads(route, log);
  addStatic(route, log, base);
}

type AddRoute = (path: string, handlers: { get: RouteHandler }) => void;

/** The calls of RFC 6962 that read (§4.3 to §4.8). */
function addReads(route: AddRoute, log: CtLog): void {
  route("/ct/v1/get-sth", {
    get: async (_, reply) => {
      const { size, timestampMs, rootHash, signature } = await log.treeHead();
      return reply.headers({ "cache-control": caching.head }).send({
        tree_size: size,
        timestamp: timestampMs,
        sha256_root_hash: encodeBase64(rootHash),
        tree_head_signature: encodeBase64(signature),
      });
    },
  });
  route("/ct/v1/get-sth-consistency", {
    get: async (request, reply) => {
      const proof = await log.consistency(number(request, "first"), number(request, "second"));
      return immutable(reply).send({ consistency: proof.map(encodeBase64) });
    },
  });
  route("/ct/v1/get-proof-by-hash", {
    get: async (request, reply) => {
      const { index, path } = await log.proofByHash(hash(request), number(request, "tree_size", 1));
      return immutable(reply).send({ leaf_index: index, audit_path: path.map(encodeBase64) });
    },
  });
  route("/ct/v1/get-entries", {
    get: async (request, reply) => {
      const [start, end] = [number(request, "start"), number(request, "end")];
      const entries = await log.entries(start, end);
      const isWhole = entries.length === end - start + 1;
      return reply
        .headers({ "cache-control": isWhole ? caching.immutable : caching.partial })
        .send({ entries: entries.map(entryJson) });
    },
  });
  route("/ct/v1/get-entry-and-proof", {
    get: async (request, reply) => {
      const [index, size] = [number(request, "leaf_index"), number(request, "tree_size", 1)];
      const { path, ...entry } = await log.entryAndProof(index, size);
      return immutable(reply).send({ ...entryJson(entry), audit_path: path.map(encodeBase64) });
    },
  });
  route("/ct/v1/get-roots", {
    get: async (_, reply) =>
      reply.headers({ "cache-control": caching.head }).send({
        certificates: log.roots.certificates.map(({ der }) => encodeBase64(der)),
      }),
  });
}

/** What monitors fetch of a static log. */
function addStatic(route: AddRoute, log: CtLog, base: string): void {
  route("/checkpoint", {
    get: async (_, reply) => {
      const { checkpoint } = await log.treeHead();
      return reply
        .headers({ "cache-control": caching.head })
        .type(textType)
        .send(Buffer.from(checkpoint));
    },
  });
  route("/tile/*", {
    get: async (request, reply) => {
      const tile = await log.tile(pathOf(request).slice(base.length + 1));
      if (!tile) throw notFound();
      return reply
        .headers({ "cache-control": tile.full ? caching.tile : caching.partialTile })
        .type("application/octet-stream")
        .send(Buffer.from(tile.bytes));
    },
  });
  route("/issuer/:digest", {
    get: async (request, reply) => {
      const { digest } = request.params as { readonly digest: string };
      // One spelling, as caches need it.
      const isDigest = /^[0-9a-f]{64}$/.test(digest);
      const der = isDigest ? await log.issuer(decodeHex(digest, "digest")) : undefined;
      if (!der) throw notFound();
      return reply
        .headers({ "cache-control": caching.tile })
        .type("application/pkix-cert")
        .send(Buffer.from(der));
    },
  });
}

/** `{"chain": ["<base64 DER>", …]}`; what else is in it is passed over, as in Go. */
function readChain(body: Uint8Array, kind: CtEntryKind, sizeBytesMax: number): Uint8Array[] {
  try {
    const limits = { sizeBytesMax, depthMax: 8, valuesMax: 1 << 8 };
    const request = new ObjectDecoder(parseJson(body, "request", limits), "request");
    return request.bytesArray("chain", chainCertificatesMax);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const message = `failed to parse ${callNames[kind]} body: ${cause.message}`;
    throw new ServiceError("malformed", message, { cause });
  }
}

/** A whole number out of the query. @throws ServiceError `malformed` */
function number(request: FastifyRequest, name: string, min = 0): number {
  const text = queryText(request, name);
  if (text === undefined) throw new ServiceError("malformed", `parameter ${name} is missing`);
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new ServiceError("malformed", `parameter ${name} is no whole number from ${min} on`);
}

/** The leaf hash out of the query. @throws ServiceError `malformed` */
function hash(request: FastifyRequest): Uint8Array {
  const text = queryText(request, "hash");
  if (text === undefined) throw new ServiceError("malformed", "parameter hash is missing");
  try {
    // A plus that was not percent-encoded arrives as a space.
    const bytes = decodeBase64(text.replaceAll(" ", "+"), "hash");
    if (bytes.length === hashSizeBytes) return bytes;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
  }
  const message = `parameter hash is not base64 of ${hashSizeBytes} bytes`;
  throw new ServiceError("malformed", message);
}

function entryJson({ leafInput, extraData }: CtEntry): object {
  return { leaf_input: encodeBase64(leafInput), extra_data: encodeBase64(extraData) };
}

function immutable(reply: FastifyReply): FastifyReply {
  return reply.headers({ "cache-control": caching.immutable });
}

function notFound(): ServiceError {
  return new ServiceError("not-found", "there is no such resource", {
    headers: { "cache-control": caching.missing },
  });
}

/** The status in words, then the reason, as other logs have it. */
function writeError(error: ServiceError, reply: FastifyReply): FastifyReply {
  const status = STATUS_CODES[reply.statusCode] ?? String(reply.statusCode);
  return reply.type(textType).send(`${status}\n${error.message}\n`);
}
