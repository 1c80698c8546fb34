// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PrivateKey } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import {
  encodeVerifierKey,
  isNoteKeyName,
  type NoteVerifier,
  parseVerifierKey,
} from "@chancery/formats/note";
import {
  keyCosigner,
  SqliteWitnessState,
  type WitnessedLog,
  type WitnessState,
} from "@chancery/log";
import type { FastifyBaseLogger } from "fastify";
import { pino } from "pino";
import { Counter, Gauge } from "prom-client";
import { addDocument } from "../docs/index.ts";
import { addOperations, createApp, ServerMetrics } from "../http/index.ts";
import {
  KeyFolder,
  listenAddress,
  listenOn,
  lockDirectory,
  publicUrl,
  readText,
  resolveConfig,
  StackError,
  writeWhole,
} from "../stack/index.ts";
import { witnessDocument } from "./openapi.ts";
import { addWitness } from "./routes.ts";

/** How to start a witness. */
export interface WitnessServerOptions {
  /** Made where it is not there: key, name and records, all of them to be trusted. */
  readonly dataDirectory: string;
  /** `host:port`; port 0 takes any that is free. */
  readonly listen: string;
  /** Verifier keys of the logs; several of one name are keys of one log. */
  readonly logs: readonly string[];
  /** The witness's name for ever, such as `witness.example.com`; default: the host. */
  readonly name?: string;
  /** With one, the key is kept encrypted (`keyPasswordFrom`). */
  readonly keyPassword?: Uint8Array | undefined;
  readonly logger?: FastifyBaseLogger;
  readonly version?: string;
}

/** A witness that serves. */
export interface WitnessServer {
  /** Submission and monitoring prefix, without a slash at the end. */
  readonly url: string;
  readonly name: string;
  /** What logs and clients put into their policies. */
  readonly vkey: string;
  close(): Promise<void>;
}

const identityFile = "witness.json";
const keyName = "witness";
const recordsFile = "witness.db";

/**
 * Starts a witness. The first start makes its key, 0600, and gives it its name.
 * @throws StackError `configuration` for keys that are no log's; `in-use` | `identity` | `key` |
 *   `address`
 */
export async function startWitness(options: WitnessServerOptions): Promise<WitnessServer> {
  const { dataDirectory, listen } = options;
  const logs = readLogs(options.logs);
  const config = resolveConfig({ listen });
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const logger = options.logger ?? pino({ level: config.logging.level });
  const lock = lockDirectory(dataDirectory);
  let state: SqliteWitnessState | undefined;
  const metrics = new ServerMetrics(options.version ?? "0.0.0");
  const app = createApp({ logger, metrics, limits: config.limits });
  let done: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    await app.close();
    state?.close();
    lock.release();
  };
  const close = (): Promise<void> => (done ??= end());
  try {
    const fallback = new URL(publicUrl(config, listenAddress(listen).port)).hostname;
    const keys = new KeyFolder(dataDirectory, { password: options.keyPassword, logger });
    state = openRecords(dataDirectory);
    const { name, key } = await openWitness(dataDirectory, keys, state, options.name, fallback);
    const cosigner = keyCosigner(name, key);
    const onAnswer = addWitnessMetrics(metrics, logs, state);
    addWitness(app, { cosigner, logs, state, now: Date.now }, onAnswer);
    const records = state;
    addOperations(app, { metrics, notReady: async () => recordsProblem(records) });
    addDocument(app, () => witnessDocument(options.version ?? "0.0.0"));
    const url = publicUrl(config, await listenOn(app, listen));
    const vkey = encodeVerifierKey({ kind: "cosignature", verifier: cosigner.verifier });
    logger.info({ url, vkey, logs: logs.map(({ origin }) => origin) }, "witnessing");
    return { url, name, vkey, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** The logs of verifier keys, whose names are the logs' origins. */
function readLogs(vkeys: readonly string[]): WitnessedLog[] {
  const logs = new Map<string, NoteVerifier[]>();
  for (const text of vkeys) {
    const { kind, verifier } = readVkey(text);
    if (kind !== "note") {
      throw new StackError("configuration", `${text} is a witness's key, not a log's`);
    }
    logs.set(verifier.name, [...(logs.get(verifier.name) ?? []), verifier]);
  }
  if (logs.size === 0) throw new StackError("configuration", "a witness needs a log to witness");
  return [...logs].map(([origin, verifiers]) => ({ origin, verifiers }));
}

function readVkey(text: string): ReturnType<typeof parseVerifierKey> {
  try {
    return parseVerifierKey(text);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const message = `${JSON.stringify(text.slice(0, 100))} is no log's key: ${cause.message}`;
    throw new StackError("configuration", message, { cause });
  }
}

/**
 * Opens the records. Where they are gone, a witness that is known by its name does not begin anew:
 * it would cosign what contradicts what it cosigned before.
 * @throws StackError `identity`
 */
function openRecords(directory: string): SqliteWitnessState {
  const path = join(directory, recordsFile);
  if (existsSync(join(directory, identityFile)) && !existsSync(path)) {
    const message = `${path} is missing, with all that the witness knows of its logs`;
    throw new StackError("identity", `${message}: begin another witness, with a key of its own`);
  }
  try {
    return new SqliteWitnessState(path);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new StackError("identity", `${path} cannot be read: ${problem}`, { cause });
  }
}

/** Why the records cannot be read; undefined where they can. */
function recordsProblem(state: SqliteWitnessState): string | undefined {
  try {
    void state.isEmpty;
    return undefined;
  } catch (cause) {
    return `the records cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

/** @returns what counts requests for cosignatures by the status of their answer. */
function addWitnessMetrics(
  { registry }: ServerMetrics,
  logs: readonly WitnessedLog[],
  state: WitnessState,
): (status: number) => void {
  const registers = [registry];
  const size = new Gauge({
    name: "chancery_witness_size",
    help: "Size of each log that was cosigned last",
    labelNames: ["origin"],
    registers,
    collect: async () => {
      for (const { origin } of logs) {
        const record = await state.get(origin);
        if (record) size.set({ origin }, record.size);
      }
    },
  });
  const answers = new Counter({
    name: "chancery_witness_answers",
    help: "Requests for cosignatures by the status of their answer",
    labelNames: ["status"],
    registers,
  });
  return (status) => answers.inc({ status: String(status) });
}

async function openWitness(
  directory: string,
  keys: KeyFolder,
  state: SqliteWitnessState,
  wanted: string | undefined,
  fallback: string,
): Promise<{ readonly name: string; readonly key: PrivateKey }> {
  const path = join(directory, identityFile);
  const text = await readText(path);
  const isNew = text === undefined && state.isEmpty;
  if (text === undefined && !isNew) {
    throw new StackError("identity", `${path} is missing, but there are records of a witness`);
  }
  const known = text === undefined ? undefined : readName(text, path);
  const name = known ?? wanted ?? fallback;
  if (!isNoteKeyName(name)) {
    throw new StackError("configuration", `${JSON.stringify(name)} cannot name a witness`);
  }
  if (wanted !== undefined && wanted !== name) {
    const message = `the witness in ${directory} is ${name} for ever, not ${wanted}`;
    throw new StackError("identity", message);
  }
  const key = await keys.open(keyName, "PKIX_ED25519", { mayMake: isNew });
  if (isNew) await writeWhole(path, `${JSON.stringify({ witness: { name } }, undefined, 2)}\n`);
  return { name, key };
}

function readName(text: string, path: string): string {
  try {
    const decoder = new ObjectDecoder(parseJson(text, "witness"), "witness");
    return decoder.object("witness").string("name");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("identity", `${path}: ${cause.message}`, { cause });
  }
}
