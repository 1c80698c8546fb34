// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "@chancery/formats/bytes";
import type { Algorithm, PublicKey } from "@chancery/formats/crypto";
import { logKeyId } from "@chancery/formats/note";
import type { FastifyInstance } from "fastify";
import type { ServerMetrics } from "../http/index.ts";
import type { IntakeOptions } from "./intake.ts";
import { NewEntryEvents, type WebhookOptions } from "./new-entry-events.ts";
import { observeAppends } from "./observed-log.ts";
import { defaultAlgorithmPolicy } from "./policy.ts";
import { addSearchRoute, joinTrees, searchItemV1, searchItemV2 } from "./search/index.ts";
import { pooledChecks, type SignatureChecks } from "./signature-checks.ts";
import type { TransparencyLog } from "./transparency-log.ts";
import { RekorV1 } from "./v1/rekor-v1.ts";
import { rekorV1Routes, v1BodySizeBytesMax, v1Operations } from "./v1/routes.ts";
import { type Shard, type ShardOptions, Shards } from "./v1/shards.ts";
import { RekorV2 } from "./v2/rekor-v2.ts";
import { rekorV2Routes, v2BodySizeBytesMax } from "./v2/routes.ts";

/** One log behind both APIs of Rekor. */
export interface RekorOptions {
  /** Trees of the v1 API, oldest first; the last is the log of both. */
  readonly shards: readonly [ShardOptions, ...ShardOptions[]];
  /** What those before the last are in the v2 API, in their order; default: nothing. */
  readonly former?: readonly FormerLog[];
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
  /** What is served of {@link rekorOperations}; the others answer 501. Default: all. */
  readonly operations?: readonly string[];
  /** Where new entries are announced. */
  readonly webhook?: WebhookOptions;
}

/** A log of the v2 API that takes nothing more. */
export interface FormerLog {
  readonly origin: string;
  readonly publicKey: PublicKey;
  /** Where it is read: in front of `/checkpoint` and `/tile/…`. */
  readonly prefix: string;
}

/** What can be turned off: Rekor v1's operations, and the searches of both APIs. */
export const rekorOperations: readonly string[] = [
  ...Object.keys(v1Operations),
  "searchLogV1",
  "searchLogV2",
];

/** Rekor's `--max_attestation_size`. */
export const attestationSizeBytesMaxDefault = 102_400;

/** Adds Rekor v1, Rekor v2 and the searches of both to a server. */
export async function addRekor(app: FastifyInstance, options: RekorOptions): Promise<void> {
  const { origin, publicKey, bodySizeBytesMax = {}, operations = rekorOperations } = options;
  const enabled = (operation: string): boolean => operations.includes(operation);
  let events: NewEntryEvents | undefined;
  const { shards, v2Log } = observedLogs(options, () => events?.wake());
  const { former = [] } = options;
  const intake = intakeOf(options);
  const service = new RekorV1(shards, intake);
  if (options.webhook) events = announceEntries(app, options.webhook, shards, service, options);
  await app.register(async (plugin) => {
    await rekorV1Routes(plugin, {
      service,
      bodySizeBytesMax: bodySizeBytesMax.v1 ?? v1BodySizeBytesMax,
      enabled,
    });
    addSearchRoute(plugin, {
      path: "/api/v1/log/search",
      api: "rekor-v1",
      log: joinTrees(shards.all),
      item: (found) => searchItemV1(found, shards.locate(found.index).shard),
      enabled: enabled("searchLogV1"),
    });
  });
  await app.register(async (plugin) => {
    await rekorV2Routes(plugin, {
      service: new RekorV2({ log: v2Log, origin, publicKey, intake }),
      former: former.map((identity, i) => ({
        service: new RekorV2({ ...identity, log: shards.all[i]?.log ?? v2Log, intake }),
        prefix: identity.prefix,
      })),
      bodySizeBytesMax: bodySizeBytesMax.v2 ?? v2BodySizeBytesMax,
    });
    const ids = [...former, { origin, publicKey }].map((one) =>
      encodeBase64(logKeyId(one.origin, one.publicKey)),
    );
    const trees = shards.all.slice(-ids.length) as [Shard, ...Shard[]];
    addSearchRoute(plugin, {
      path: "/api/v2/log/search",
      api: "rekor-v2",
      log: joinTrees(trees),
      item: (found) => {
        const { shard, index } = shards.locate(found.index);
        return searchItemV2({ ...found, index }, ids[trees.indexOf(shard)] ?? "");
      },
      enabled: enabled("searchLogV2"),
    });
  });
}

function intakeOf(options: RekorOptions): IntakeOptions {
  return {
    checks: options.checks ?? pooledChecks,
    algorithms: options.algorithms ?? defaultAlgorithmPolicy,
    attestationSizeBytesMax: options.attestationSizeBytesMax ?? attestationSizeBytesMaxDefault,
    frozen: options.frozen ?? false,
    onNewEntry: ({ kind, version }) => options.metrics.newEntry(kind, version),
  };
}

/** The logs of both APIs, whose appends are measured. @param onNew after each that is new */
function observedLogs(
  { shards: [...shards], v2Log, metrics }: RekorOptions,
  onNew: () => void,
): { readonly shards: Shards; readonly v2Log: TransparencyLog } {
  const observed = (log: TransparencyLog): TransparencyLog =>
    observeAppends(log, (receipt, durationMs) => {
      metrics.stored(receipt !== undefined, durationMs);
      if (receipt?.duplicate === false) onNew();
    });
  const active = shards.pop() as ShardOptions;
  const log = observed(active.log);
  return {
    shards: Shards.of([...shards, { ...active, log }] as [ShardOptions, ...ShardOptions[]]),
    v2Log: v2Log ? observed(v2Log) : log,
  };
}

/** Announces new entries, in the form of the v1 API, until the server closes. */
function announceEntries(
  app: FastifyInstance,
  webhook: WebhookOptions,
  { active: { log, offset } }: Shards,
  service: RekorV1,
  { metrics }: RekorOptions,
): NewEntryEvents {
  const events = new NewEntryEvents({
    ...webhook,
    size: () => log.head().size,
    read: (index) => service.entryAt(offset + index),
    metrics,
    logger: app.log,
  });
  const help = "Entries that are not announced to the webhook yet";
  metrics.gauge("chancery_publish_backlog", help, async () => events.backlog);
  app.addHook("onClose", () => events.close());
  return events;
}
