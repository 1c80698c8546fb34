// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { algorithmByFlag, digestPath } from "@chancery/formats/crypto";
import { encodeVerifierKey, noteVerifier } from "@chancery/formats/note";
import { type EngineMetrics, type Log, LogError, openLog, parsePolicy } from "@chancery/log";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { pino } from "pino";
import { addDocs } from "../docs/index.ts";
import { addCors, addOperations, createApp, ServerMetrics } from "../http/index.ts";
import { addRekor } from "../rekor/index.ts";
import {
  configTemplate,
  listenAddress,
  mergeConfig,
  parseConfigFile,
  resolveConfig,
  type StackConfig,
  type StackConfigInput,
} from "./config.ts";
import { lockDirectory } from "./directory-lock.ts";
import { StackError } from "./errors.ts";
import { readText, writeWhole } from "./files.ts";
import { type LogIdentity, logFolder, openIdentity } from "./identity.ts";
import { describeTrust, type TrustFiles } from "./trust.ts";
import { WitnessedLog } from "./witnessed-log.ts";

/** How to start a stack. */
export interface StackOptions {
  /** Made where it is not there. Its `chancery.yaml` is read. */
  readonly dataDirectory: string;
  /** Goes before `chancery.yaml`. */
  readonly config?: StackConfigInput;
  /** `host:port`; goes before all. Port 0 takes any that is free. */
  readonly listen?: string;
  /** Default: JSON lines on stdout. */
  readonly logger?: FastifyBaseLogger;
  /** Of the program, for metrics and the API's description. */
  readonly version?: string;
}

/** A stack that serves. */
export interface Stack extends TrustFiles {
  /** How clients reach it, without a slash at the end. */
  readonly url: string;
  /** What holds, after files and options are put together. */
  readonly config: StackConfig;
  readonly hostname: string;
  readonly treeId: bigint;
  /** Verifier key of the v2 log (C2SP signed-note), for witnesses and mirrors. */
  readonly vkey: string;
  /**
   * Answers what has begun, makes everything acknowledged durable, and gives the directory back. A
   * second call waits for the first.
   */
  close(): Promise<void>;
}

/** Where a stack's files are, in its data directory. */
export const stackFiles = {
  config: "chancery.yaml",
  trustedRoot: "trusted_root.json",
  signingConfig: "signing_config.v0.2.json",
} as const;

/**
 * Starts everything in one process, on one data directory. The first start makes the log's keys,
 * its identity, `trusted_root.json` and `signing_config.v0.2.json`; later ones find them.
 *
 * @throws StackError `configuration` | `in-use` | `identity` | `key` | `address`; LogError where
 *   the log cannot be trusted as it is stored
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { dataDirectory } = options;
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const config = await readConfig(options);
  const logger = options.logger ?? pino({ level: config.logging.level });
  const lock = lockDirectory(dataDirectory);
  const opened: (() => Promise<void>)[] = [];
  const close = once(async () => {
    for (const end of opened.toReversed()) await end();
    lock.release();
  });
  try {
    const fallback = new URL(publicUrl(config, listenAddress(config.listen).port)).hostname;
    const { hostname } = config.log;
    const identity = await openIdentity(dataDirectory, hostname, fallback);
    const log = await openLog({
      folder: join(dataDirectory, logFolder),
      origin: identity.hostname,
      signer: identity.v2Key,
      onError: (error) => logger.error({ err: error }, "the log reports an error"),
    });
    opened.push(() => log.close());
    const witnessed = await openWitnessed(log, config, logger, dataDirectory);
    const app = await createServer({ config, identity, log, witnessed, logger, options });
    opened.push(() => app.close());
    const port = await listenOn(app, config.listen);
    const url = publicUrl(config, port);
    const operator = config.log.operator ?? identity.hostname;
    const trust = describeTrust(identity, url, operator);
    await writeTrust(dataDirectory, trust);
    const { treeId, v2Key } = identity;
    const verifier = noteVerifier(identity.hostname, v2Key.publicKey);
    const vkey = encodeVerifierKey({ kind: "note", verifier });
    logger.info({ url, origin: identity.hostname, treeId: String(treeId) }, "serving");
    return { url, config, hostname: identity.hostname, treeId, vkey, close, ...trust };
  } catch (cause) {
    await close();
    throw cause;
  }
}

interface ServerParts {
  readonly config: StackConfig;
  readonly identity: LogIdentity;
  readonly log: Log;
  readonly witnessed: WitnessedLog | undefined;
  readonly logger: FastifyBaseLogger;
  readonly options: StackOptions;
}

async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { config, identity, log, witnessed, logger, options } = parts;
  const { hostname, treeId, v1Key, v2Key } = identity;
  const { limits } = config;
  const version = options.version ?? "0.0.0";
  const metrics = new ServerMetrics(version);
  addLogMetrics(metrics, log);
  if (witnessed) {
    const help = "Whether enough witnesses cosigned the published checkpoint";
    metrics.gauge("chancery_witness_quorum_met", help, async () => Number(witnessed.quorumMet));
  }
  metrics.info("chancery_digest_path", "What verifies signatures over a digest", {
    path: digestPath(v1Key.publicKey),
  });
  const app = createApp({ logger, metrics, limits });
  addCors(app);
  await addRekor(app, {
    shards: [{ treeId, log, key: v1Key, hostname }],
    origin: hostname,
    publicKey: v2Key.publicKey,
    ...(witnessed && { v2Log: witnessed.served() }),
    metrics,
    algorithms: config.log.algorithms.map(algorithmByFlag),
    attestationSizeBytesMax: config.log.attestationSizeBytesMax,
    bodySizeBytesMax: { v1: limits.bodySizeBytesMaxV1, v2: limits.bodySizeBytesMaxV2 },
    frozen: config.log.frozen,
  });
  addOperations(app, { metrics, notReady: () => logProblem(log) });
  addDocs(app, version);
  return app;
}

/** The log with the witnesses of the policy; undefined where none is configured. */
async function openWitnessed(
  log: Log,
  { witness: { policy: file, required, timeoutMs } }: StackConfig,
  logger: FastifyBaseLogger,
  dataDirectory: string,
): Promise<WitnessedLog | undefined> {
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
  return WitnessedLog.open(log, { policy, required, timeoutMs, logger });
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
  ["indexRuns", "chancery_log_index_runs", "Runs of the search index"],
];

function addLogMetrics(metrics: ServerMetrics, log: Log): void {
  for (const [field, name, help] of logGauges) {
    metrics.gauge(name, help, async () => (await log.metrics())[field]);
  }
}

async function readConfig({
  dataDirectory,
  config,
  listen: address,
}: StackOptions): Promise<StackConfig> {
  const path = join(dataDirectory, stackFiles.config);
  const text = await readText(path);
  if (text === undefined) await writeWhole(path, configTemplate, 0o600);
  const written = text === undefined ? {} : parseConfigFile(text, path);
  const merged = mergeConfig(written, config ?? {});
  return resolveConfig(address === undefined ? merged : { ...merged, listen: address });
}

/** How clients reach a server. Loopback and wildcard addresses are told as `localhost`. */
export function publicUrl({ publicUrl: url, listen: address }: StackConfig, port: number): string {
  if (url !== undefined) return url.replace(/\/$/, "");
  const { host } = listenAddress(address);
  const local = /^(127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|::)$/.test(host);
  const name = local ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

/** @returns the port. @throws StackError `address` */
export async function listenOn(app: FastifyInstance, address: string): Promise<number> {
  const { host, port } = listenAddress(address);
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StackError("address", `cannot listen on ${address}: ${why}`, { cause });
  }
  const bound = app.server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}

async function writeTrust(directory: string, trust: TrustFiles): Promise<void> {
  for (const [name, text] of [
    [stackFiles.trustedRoot, trust.trustedRoot],
    [stackFiles.signingConfig, trust.signingConfig],
  ] as const) {
    const path = join(directory, name);
    if ((await readText(path)) !== text) await writeWhole(path, text);
  }
}

function once(run: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= run());
}
