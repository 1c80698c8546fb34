// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "@chancery/formats/bytes";
import type { Algorithm, PublicKey } from "@chancery/formats/crypto";
import { logKeyId } from "@chancery/formats/note";
import type { FastifyInstance } from "fastify";
import type { ServerMetrics } from "../http/index.ts";
import type { IntakeOptions } from "./intake.ts";
import { defaultAlgorithmPolicy } from "./policy.ts";
import { addSearchRoute, searchItemV1, searchItemV2 } from "./search/index.ts";
import { pooledChecks, type SignatureChecks } from "./signature-checks.ts";
import type { TransparencyLog } from "./transparency-log.ts";
import { RekorV1 } from "./v1/rekor-v1.ts";
import { rekorV1Routes, v1BodySizeBytesMax } from "./v1/routes.ts";
import { type ShardOptions, Shards } from "./v1/shards.ts";
import { RekorV2 } from "./v2/rekor-v2.ts";
import { rekorV2Routes, v2BodySizeBytesMax } from "./v2/routes.ts";

/** One log behind both APIs of Rekor. */
export interface RekorOptions {
  /** Trees of the v1 API, oldest first; the last is the log of both. */
  readonly shards: readonly [ShardOptions, ...ShardOptions[]];
  /** The v2 identity of the last shard's log: first line of its checkpoints, and its key. */
  readonly origin: string;
  readonly publicKey: PublicKey;
  /** The last shard's log as the v2 API shows it, such as with witnesses; default: as it is. */
  readonly v2Log?: TransparencyLog;
  readonly metrics: ServerMetrics;
  readonly checks?: SignatureChecks;
  /** What clients may sign with. Default: Rekor's. */
  readonly algorithms?: readonly Algorithm[];
  readonly attestationSizeBytesMax?: number;
  readonly bodySizeBytesMax?: { readonly v1?: number; readonly v2?: number };
  /** Where true nothing is written any more. */
  readonly frozen?: boolean;
}

/** Rekor's `--max_attestation_size`. */
export const attestationSizeBytesMaxDefault = 102_400;

/** Adds Rekor v1, Rekor v2 and the searches of both to a server. */
export async function addRekor(app: FastifyInstance, options: RekorOptions): Promise<void> {
  const { origin, publicKey, metrics, bodySizeBytesMax = {} } = options;
  const shards = Shards.of(options.shards);
  const { log, treeId, offset, logId } = shards.active;
  const intake: IntakeOptions = {
    checks: options.checks ?? pooledChecks,
    algorithms: options.algorithms ?? defaultAlgorithmPolicy,
    attestationSizeBytesMax: options.attestationSizeBytesMax ?? attestationSizeBytesMaxDefault,
    frozen: options.frozen ?? false,
    onNewEntry: ({ kind, version }) => metrics.newEntry(kind, version),
  };
  await app.register(async (plugin) => {
    await rekorV1Routes(plugin, {
      service: new RekorV1(shards, intake),
      bodySizeBytesMax: bodySizeBytesMax.v1 ?? v1BodySizeBytesMax,
    });
    addSearchRoute(plugin, {
      path: "/api/v1/log/search",
      api: "rekor-v1",
      log,
      item: (found) => searchItemV1(found, { treeId, offset, logId }),
    });
  });
  await app.register(async (plugin) => {
    await rekorV2Routes(plugin, {
      service: new RekorV2({ log: options.v2Log ?? log, origin, publicKey, intake }),
      bodySizeBytesMax: bodySizeBytesMax.v2 ?? v2BodySizeBytesMax,
    });
    const keyId = encodeBase64(logKeyId(origin, publicKey));
    addSearchRoute(plugin, {
      path: "/api/v2/log/search",
      api: "rekor-v2",
      log,
      item: (found) => searchItemV2(found, keyId),
    });
  });
}
