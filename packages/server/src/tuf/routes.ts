// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from "fastify";
import { ServiceError } from "../errors.ts";
import { addRoute, type RouteHandler } from "../http/index.ts";
import { isServedName, type TufFolder } from "./folder.ts";

/** Versioned files never change; the others are asked for on each run of a client. */
const unchanging = "public, max-age=31536000, immutable";
const changing = "no-cache";

/**
 * Serves a repository under a path.
 *
 * What is not there is answered 404 and nothing else: clients ask for the root after the last one,
 * and go-tuf takes no other answer for "there is none".
 * @param path such as `/tuf`.
 */
export function addTufRepository(app: FastifyInstance, path: string, folder: TufFolder): void {
  const answer =
    (prefix: string): RouteHandler =>
    async (request, reply) => {
      const { name } = request.params as { readonly name: string };
      const file = `${prefix}${name}`;
      const text = isServedName(file) ? await folder.read(file) : undefined;
      if (text === undefined) {
        // Not kept by caches: the file may be there a moment later.
        const headers = { "cache-control": changing };
        throw new ServiceError("not-found", "there is no such file", { headers });
      }
      reply.header("cache-control", file === "timestamp.json" ? changing : unchanging);
      reply.type(name.endsWith(".json") ? "application/json" : "application/octet-stream");
      return reply.send(Buffer.from(text, "utf8"));
    };
  for (const prefix of ["", "targets/"]) {
    addRoute(app, {
      path: `${path}/${prefix}:name`,
      label: { api: "own", path: `${path}/${prefix}{name}` },
      get: answer(prefix),
    });
  }
}
