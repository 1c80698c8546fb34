// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { algorithmByFlag, digestPath } from "@chancery/formats/crypto";
import { noteVerifier } from "@chancery/formats/note";
import { describeLog } from "@chancery/formats/trust";
import { type EngineMetrics, type Log, LogError, openLog, parsePolicy } from "@chancery/log";
import type { ServerMetrics } from "../../http/index.ts";
import type { TransparencyLog } from "../../rekor/index.ts";
import { StackError } from "../errors.ts";
import { type LogIdentity, logFolder, openIdentity } from "../identity.ts";
import type { TrustContribution } from "../trust.ts";
import { type ShownRecord, WitnessedLog, withoutWitnesses } from "../witnessed-log.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

/** Of the checkpoint that was shown last, in a data directory. */
const shownFile = "shown-checkpoint.json";

/** The log of signatures: Rekor v1 and v2 over one tree. */
export const rekor: StackService<never> = { name: "rekor", open: openRekor };

async function openRekor(context: StackContext): Promise<OpenService<never>> {
  const { dataDirectory, config, logger, metrics, hostname, keys } = context;
  const identity = await openIdentity(dataDirectory, keys, config.log.hostname, hostname);
  const log = await openLog({
    folder: join(dataDirectory, logFolder),
    origin: identity.hostname,
    signer: identity.v2Key,
    onError: (error) => logger.error({ err: error }, "the log reports an error"),
  });
  try {
    const record = {
      path: join(dataDirectory, shownFile),
      verifier: noteVerifier(identity.hostname, identity.v2Key.publicKey),
    };
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
    return serve(context, identity, {
      log,
      served,
      close: async () => {
        await witnessed?.close();
        await log.close();
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
  readonly close: () => Promise<void>;
}

function serve(
  { config, metrics, operator }: StackContext,
  identity: LogIdentity,
  { log, served, close }: OpenedLog,
): OpenService<never> {
  const { hostname, treeId, v1Key, v2Key, vkey } = identity;
  const { limits, events } = config;
  return {
    addRoutes: async (app) => {
      const { addRekor } = await import("../../rekor/index.ts");
      await addRekor(app, {
        shards: [{ treeId, log: served, key: v1Key, hostname }],
        origin: hostname,
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
    trust: (url) => describeTrust(identity, url, operator),
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

/** One instance for each API, as each signs with a key of its own. */
function describeTrust(
  identity: LogIdentity,
  baseUrl: string,
  operator: string,
): TrustContribution {
  const { hostname, since, v1Key, v2Key } = identity;
  const validFor = { start: since };
  return {
    tlogs: [
      describeLog({ baseUrl, publicKey: v1Key.publicKey, validFor }),
      describeLog({ baseUrl, publicKey: v2Key.publicKey, validFor, origin: hostname }),
    ],
    rekorTlogUrls: [2, 1].map((majorApiVersion) => ({
      url: baseUrl,
      majorApiVersion,
      validFor,
      operator,
    })),
  };
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
