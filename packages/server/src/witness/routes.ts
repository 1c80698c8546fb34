// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { addCheckpointLimits, handleAddCheckpoint, type WitnessOptions } from "@chancery/log";
import type { FastifyInstance } from "fastify";
import { ServiceError } from "../errors.ts";
import { addRoute, bodyOf, type RouteLabel } from "../http/index.ts";

const plain = "text/plain; charset=utf-8";

/**
 * Adds `POST /add-checkpoint` and `GET /<SHA-256 of the origin in hex>/checkpoint`.
 * @param onAnswer told the status of each request for a cosignature.
 */
export function addWitness(
  app: FastifyInstance,
  options: WitnessOptions,
  onAnswer: (status: number) => void,
): void {
  const label = (path: string): RouteLabel => ({ api: "witness", path });
  addRoute(app, {
    path: "/add-checkpoint",
    label: label("/add-checkpoint"),
    bodySizeBytesMax: addCheckpointLimits.charsMax,
    post: async (request, reply) => {
      const answer = await handleAddCheckpoint(textOf(bodyOf(request)), options);
      onAnswer(answer.status);
      const headers = { "content-type": answer.contentType, "cache-control": "no-store" };
      return reply.code(answer.status).headers(headers).send(utf8(answer.body));
    },
  });
  const origins = new Map(
    options.logs.map(({ origin }) => [encodeHex(sha256(utf8Bytes(origin))), origin]),
  );
  addRoute(app, {
    path: "/:origin/checkpoint",
    label: label("/{origin}/checkpoint"),
    get: async (request, reply) => {
      const origin = origins.get((request.params as { origin: string }).origin);
      const cosigned = origin === undefined ? undefined : await options.state.get(origin);
      reply.headers({ "cache-control": "no-cache", "access-control-allow-origin": "*" });
      if (cosigned) return reply.type(plain).send(utf8(cosigned.checkpoint));
      return reply.code(404).type(plain).send(utf8("nothing of such a log was cosigned here\n"));
    },
  });
}

/** A body that is not UTF-8 is malformed, as one that is no request. */
function textOf(body: Uint8Array): string {
  try {
    return decodeUtf8(body);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new ServiceError("malformed", cause.message, { cause });
  }
}

/** As bytes, so that the server adds nothing to the content type. */
function utf8(text: string): Buffer {
  return Buffer.from(text, "utf8");
}
