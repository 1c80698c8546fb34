// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { algorithmByFlag, digestPath } from "@chancery/formats/crypto";
import { describeLog } from "@chancery/formats/trust";
import { type EngineMetrics, type Log, LogError, parsePolicy } from "@chancery/log";
import type { ServerMetrics } from "../../http/index.ts";
import type { RekorOptions, TransparencyLog } from "../../rekor/index.ts";
import { StackError } from "../errors.ts";
import { firstLogKey, type LogIdentity } from "../identity.ts";
import type { TrustContribution } from "../trust.ts";
import { type ShownRecord, WitnessedLog, withoutWitnesses } from "../witnessed-log.ts";
import {
  checkLogRotation,
  type FormerRekorLog,
  openCurrentLog,
  openFormerLogs,
} from "./rekor-logs.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

/** The log of signatures: Rekor v1 and v2 over one tree. */
export const rekor: StackService<never> = {
  name: "rekor",
  generations: [firstLogKey],
  checkRotation: checkLogRotation,
  open: openRekor,
};

async function openRekor(context: StackContext): Promise<OpenService<never>> {
  const { metrics } = context;
  const { identity, log, record } = await openCurrentLog(context);
  try {
    const witnessed = await openWitnessed(log, record, context);
    const served = witnessed?.served() ?? (await withoutWitnesses(log, record));
    addLogMetrics(metrics, log);
    if (witnessed) {
      const help = "Whether enough witnesses cosigned the published checkpoint";
      metrics.gauge("chancery_witness_quorum_met", help, async () => Number(witnessed.quorumMet));
    }
    metrics.info("chancery_digest_path", "What verifies signatures over a digest", {
      path: digestPath(identity.v1Key.publicKey),
    });
    const former = await openFormerLogs(context);
    return serve(context, identity, {
      log,
      served,
      former,
      close: async () => {
        await witnessed?.close();
        for (const one of [log, ...former.map((old) => old.log)]) await one.close();
      },
    });
  } catch (cause) {
    await log.close();
    throw cause;
  }
}

interface OpenedLog {
  readonly log: Log;
  /** As both APIs show it. */
  readonly served: TransparencyLog;
  /** Oldest first. */
  readonly former: readonly FormerRekorLog[];
  readonly close: () => Promise<void>;
}

function serve(
  { config, metrics, operator }: StackContext,
  identity: LogIdentity,
  { log, served, former, close }: OpenedLog,
): OpenService<never> {
  const { origin, treeId, v2Key, vkey } = identity;
  const { limits, events } = config;
  const trees = [...former, { identity, served }].map(treeOf);
  return {
    addRoutes: async (app) => {
      const { addRekor } = await import("../../rekor/index.ts");
      await addRekor(app, {
        shards: trees as [Tree, ...Tree[]],
        former: former.map(({ identity: { origin: name, v2Key: key }, prefix }) => ({
          origin: name,
          publicKey: key.publicKey,
          prefix,
        })),
        origin,
        publicKey: v2Key.publicKey,
        metrics,
        algorithms: config.log.algorithms.map(algorithmByFlag),
        attestationSizeBytesMax: config.log.attestationSizeBytesMax,
        bodySizeBytesMax: { v1: limits.bodySizeBytesMaxV1, v2: limits.bodySizeBytesMaxV2 },
        frozen: config.log.frozen,
        operations: config.log.enabledApiEndpoints,
        ...(events.webhook === undefined
          ? {}
          : { webhook: { url: events.webhook, timeoutMs: events.timeoutMs } }),
      });
    },
    trust: (url) => describeTrust(identity, former, url, operator),
    notReady: () => logProblem(log),
    facts: () => ({ treeId: String(treeId), vkey }),
    usage: ({ url }) => ({
      places: [
        ["Rekor v1", `${url}/api/v1/log`],
        ["Rekor v2", `${url}/api/v2/log/entries`],
        ["log key", vkey],
      ],
    }),
    close,
  };
}

type Tree = RekorOptions["shards"][number];

/** A log as the v1 API has it. */
function treeOf({ identity, served }: Pick<FormerRekorLog, "identity" | "served">): Tree {
  const { hostname, treeId, v1Key } = identity;
  return { treeId, log: served, key: v1Key, hostname };
}

/** The log in use is also told to those who sign. */
function describeTrust(
  identity: LogIdentity,
  former: readonly FormerRekorLog[],
  url: string,
  operator: string,
): TrustContribution {
  const validFor = { start: identity.since };
  return {
    tlogs: [
      ...former.flatMap((old) => describeApis(old.identity, url, old.until)),
      ...describeApis(identity, url),
    ],
    rekorTlogUrls: [2, 1].map((majorApiVersion) => ({ url, majorApiVersion, validFor, operator })),
  };
}

/** One instance for each API, as each signs with a key of its own. */
function describeApis(identity: LogIdentity, url: string, end?: Date): readonly Described[] {
  const { hostname, origin, since: start, v1Key, v2Key } = identity;
  const validFor = { start, ...(end && { end }) };
  // Of the v2 API, clients take the host for the origin.
  const v2Url = origin === hostname ? url : urlWithHost(url, origin);
  return [
    describeLog({ baseUrl: url, publicKey: v1Key.publicKey, validFor }),
    describeLog({ baseUrl: v2Url, publicKey: v2Key.publicKey, validFor, origin }),
  ];
}

type Described = ReturnType<typeof describeLog>;

function urlWithHost(url: string, hostname: string): string {
  const { protocol, port, pathname } = new URL(url);
  const path = pathname === "/" ? "" : pathname;
  return `${protocol}//${hostname}${port === "" ? "" : `:${port}`}${path}`;
}

/** The log with the witnesses of the policy; undefined where none is configured. */
async function openWitnessed(
  log: Log,
  record: ShownRecord,
  { dataDirectory, config, logger }: StackContext,
): Promise<WitnessedLog | undefined> {
  const { policy: file, required, timeoutMs } = config.witness;
  if (file === undefined) return undefined;
  const path = resolve(dataDirectory, file);
  let policy: ReturnType<typeof parsePolicy>;
  try {
    policy = parsePolicy(await readFile(path));
  } catch (cause) {
    const isSystem = cause instanceof Error && "syscall" in cause;
    if (!isSystem && !(cause instanceof LogError)) throw cause;
    const message = `the witness policy ${path}: ${cause.message}`;
    throw new StackError("configuration", message, { cause });
  }
  return WitnessedLog.open(log, { ...record, policy, required, timeoutMs, logger });
}

/** Why the log cannot be used; undefined where it can. */
async function logProblem(log: Log): Promise<string | undefined> {
  try {
    await log.metrics();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

const logGauges: readonly [keyof EngineMetrics, string, string][] = [
  ["size", "chancery_log_size", "Entries in the log"],
  ["bodySize", "chancery_log_body_size", "Entries that are in full bundles"],
  ["tailBytes", "chancery_log_tail_bytes", "Bytes of entries that are not in full bundles yet"],
  ["commits", "chancery_log_commits", "Commits since the start"],
  ["commitMs", "chancery_log_commit_ms", "Duration of the last commit in milliseconds"],
  ["duplicates", "chancery_log_duplicates", "Entries that were logged before, since the start"],
  ["queuedEntries", "chancery_log_queued_entries", "Entries that wait for a commit"],
  ["reloads", "chancery_log_reloads", "Times the log was loaded again after an error"],
  ["heldBackMs", "chancery_log_held_back_ms", "Milliseconds that commits waited for full bundles"],
  ["indexRuns", "chancery_log_index_runs", "Runs of the search index"],
  ["indexBytes", "chancery_log_index_bytes", "Memory of the runs' fences and filters"],
];

function addLogMetrics(metrics: ServerMetrics, log: Log): void {
  for (const [field, name, help] of logGauges) {
    metrics.gauge(name, help, async () => (await log.metrics())[field]);
  }
}
