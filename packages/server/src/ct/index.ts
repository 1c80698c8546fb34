// SPDX-License-Identifier: Apache-2.0
import type { FastifyInstance } from "fastify";
import { CtLog, type CtLogOptions } from "./ct-log.ts";
import { ctBodySizeBytesMax, ctRoutes } from "./routes.ts";

/**
 * A log of certificates: RFC 6962's API and the static one of C2SP over one store, and a door for
 * authorities in the same process.
 *
 *     const ct = await addCtLog(app, { log, signer, origin, roots, prefix: "/ct" });
 *     const sct = await ct.submit([precertificate, issuer, root], "precertificate");
 *
 * `log` is opened by `openLog` with `format: "ct"`. Out of scope: whom to take certificates of,
 * which is in `AcceptedRoots`; and shards by time, which code signing logs do not have.
 */
export { CtLog, type CtLogOptions } from "./ct-log.ts";
export { AcceptedRoots } from "./roots.ts";

/** How a log is served. */
export interface ServedCtLogOptions extends CtLogOptions {
  /** In front of all paths. Default `/ct`, so that submissions go to `/ct/ct/v1/add-chain`. */
  readonly prefix?: string;
  /** Default 512 KiB. */
  readonly bodySizeBytesMax?: number;
}

/**
 * Adds a log to a server.
 * @throws FormatError `unsupported` for a key other than ECDSA P-256 or RSA, with SHA-256
 */
export async function addCtLog(app: FastifyInstance, options: ServedCtLogOptions): Promise<CtLog> {
  const { prefix = "/ct", bodySizeBytesMax = ctBodySizeBytesMax } = options;
  const log = new CtLog(options);
  await app.register(ctRoutes, { log, base: prefix, bodySizeBytesMax });
  return log;
}
