// SPDX-License-Identifier: Apache-2.0
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { pino } from "pino";
import { addDocs } from "../docs/index.ts";
import { addCors, addOperations, createApp, ServerMetrics } from "../http/index.ts";
import {
  mergeConfig,
  parseConfigFile,
  resolveConfig,
  type StackConfig,
  type StackConfigInput,
} from "./config.ts";
import { lockDirectory } from "./directory-lock.ts";
import { readText, writeWhole } from "./files.ts";
import { readHostname } from "./identity.ts";
import { KeyFolder } from "./key-files.ts";
import { cannotListen, listenAddress } from "./listen.ts";
import { selectServices } from "./services/registry.ts";
import type {
  OpenService,
  ServiceUsage,
  StackContext,
  StackService,
  UsagePlace,
} from "./services/service.ts";
import { configTemplate } from "./settings.ts";
import { assembleTrust, type TrustFiles } from "./trust.ts";

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
  /** With one, private keys are kept encrypted (`keyPasswordFrom`). */
  readonly keyPassword?: Uint8Array | undefined;
  /** Of the program, for metrics and the API's description. */
  readonly version?: string;
  /** What there is to run, in the order of opening; default: every service of the registry. */
  readonly services?: readonly StackService[];
}

/** A stack that serves. */
export interface Stack extends TrustFiles {
  /** How clients reach it, without a slash at the end. */
  readonly url: string;
  /** Names of the services that run. */
  readonly services: readonly string[];
  /** What holds, after files and options are put together. */
  readonly config: StackConfig;
  /** By what it goes for ever; the origin of its log. */
  readonly hostname: string;
  /**
   * What its services tell programs. Of `rekor`: `treeId`, and `vkey`, the verifier key of the v2
   * log (C2SP signed-note), for witnesses and mirrors.
   */
  readonly facts: Readonly<Record<string, string>>;
  /** What its services tell who has just started them, in their order. */
  usage(place: UsagePlace): readonly ServiceUsage[];
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
 * Starts services in one process, on one data directory. The first start makes their keys, the
 * identity, `trusted_root.json` and `signing_config.v0.2.json`; later ones find them.
 *
 * @throws StackError `configuration` | `in-use` | `identity` | `key` | `address`; LogError where
 *   the log cannot be trusted as it is stored
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { dataDirectory } = options;
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const config = await readConfig(options);
  const services = selectServices(config.only, options.services);
  const logger = options.logger ?? pino({ level: config.logging.level });
  const lock = lockDirectory(dataDirectory);
  const ends: (() => Promise<void>)[] = [];
  const close = once(async () => {
    for (const end of ends.toReversed()) await end();
    lock.release();
  });
  try {
    const fallback = new URL(publicUrl(config, listenAddress(config.listen).port)).hostname;
    const hostname = (await readHostname(dataDirectory)) ?? config.log.hostname ?? fallback;
    const operator = config.log.operator ?? hostname;
    const metrics = new ServerMetrics(options.version ?? "0.0.0");
    const password = options.keyPassword;
    const keys = new KeyFolder(join(dataDirectory, "keys"), { password, logger });
    const shared = { dataDirectory, config, keys, logger, metrics, hostname, operator };
    const running = await openServices(services, shared, ends);
    const names = services.map(({ name }) => name);
    const app = await createServer(running, shared);
    addDocs(app, options.version ?? "0.0.0", names);
    ends.push(() => app.close());
    const port = await listenOn(app, config.listen);
    const url = publicUrl(config, port);
    const trust = assembleTrust(running.map((service) => service.trust?.(url) ?? {}));
    await writeTrust(dataDirectory, trust.files);
    for (const service of running) await service.started?.({ url, trust });
    const facts = Object.assign({}, ...running.map((service) => service.facts?.() ?? {}));
    const usage: Stack["usage"] = (place) =>
      running.flatMap((service) => service.usage?.(place) ?? []);
    logger.info({ url, hostname, services: names }, "serving");
    return { url, services: names, config, hostname, facts, usage, close, ...trust.files };
  } catch (cause) {
    await close();
    throw cause;
  }
}

type Shared = Omit<StackContext, "opened">;

/** @param ends takes the end of each that has opened, also where a later one does not. */
async function openServices(
  services: readonly StackService[],
  shared: Shared,
  ends: (() => Promise<void>)[],
): Promise<readonly OpenService[]> {
  const running = new Map<StackService, OpenService>();
  const opened = <Api>(service: StackService<Api>): Api | undefined =>
    (running.get(service) as OpenService<Api> | undefined)?.api;
  for (const service of services) {
    const open = await service.open({ ...shared, opened });
    ends.push(() => open.close());
    running.set(service, open);
  }
  return [...running.values()];
}

async function createServer(
  running: readonly OpenService[],
  { config: { limits }, logger, metrics }: Shared,
): Promise<FastifyInstance> {
  const app = createApp({ logger, metrics, limits });
  addCors(app);
  for (const service of running) await service.addRoutes(app);
  const notReady = async (): Promise<string | undefined> => {
    for (const service of running) {
      const reason = await service.notReady?.();
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
  addOperations(app, { metrics, notReady });
  return app;
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
    throw cannotListen(address, cause);
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
