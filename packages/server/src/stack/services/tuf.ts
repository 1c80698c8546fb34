// SPDX-License-Identifier: Apache-2.0
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { decodeTrustedRoot } from "@chancery/formats/trust";
import type { FastifyBaseLogger } from "fastify";
import type { ServerMetrics } from "../../http/index.ts";
import {
  addTufRepository,
  rootFile,
  type TufRepository,
  TufRepositoryError,
  tufRoles,
  type TufUpdate,
} from "../../tuf/index.ts";
import type { Trust } from "../trust.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";
import {
  checkRootIsHere,
  openTufRepository,
  tufFolder,
  tufKeys,
  withStackErrors,
} from "./tuf-keys.ts";
import { instancesOf, trustedRootTarget, tufTargets } from "./tuf-targets.ts";

/** The TUF repository, which tells clients whom to trust and where to sign. Opens last. */
export const tuf: StackService<never> = {
  name: "tuf",
  generations: [...new Set(Object.values(tufKeys))],
  checkRotation: checkRootIsHere,
  open: openTuf,
};

const path = "/tuf";
/** How often is looked what is due. Nothing holds for less than a day. */
const renewEveryMs = 3_600_000;

async function openTuf(context: StackContext): Promise<OpenService<never>> {
  const { logger, metrics } = context;
  const folder = tufFolder(context.dataDirectory);
  const repository = await openTufRepository(context);
  const watch = new TufWatch(repository, logger);
  addExpiryMetrics(metrics, repository);
  let checksum = "";
  return {
    addRoutes: async (app) => addTufRepository(app, path, folder),
    started: async ({ trust }) => {
      await withStackErrors(() => watch.start(trust));
      const root = (await folder.read(rootFile(1))) ?? "";
      checksum = encodeHex(sha256(utf8Bytes(root)));
    },
    notReady: async () => watch.problem(),
    facts: () => ({ tufRootSha256: checksum }),
    usage: ({ url }) => ({ places: [["TUF", `${url}${path}`]] }),
    close: async () => watch.stop(),
  };
}

/** Keeps what is published in force. */
class TufWatch {
  readonly #repository: TufRepository;
  readonly #logger: FastifyBaseLogger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  /** What was told last of a root that is needed, so as not to tell it every hour. */
  #told: string | undefined;

  constructor(repository: TufRepository, logger: FastifyBaseLogger) {
    this.#repository = repository;
    this.#logger = logger;
  }

  /** @throws TufRepositoryError */
  async start(trust: Trust): Promise<void> {
    const missing = await this.#missing(trust);
    if (missing.length === 0) {
      this.#tell(await this.#repository.publish(tufTargets(trust)));
    } else {
      const hint = "run all services whose keys are published, or begin another data directory";
      this.#logger.warn({ missing, hint }, "the published trust is left as it is");
      this.#tell(await this.#repository.renew());
    }
    this.#timer = setInterval(() => {
      this.#running = this.#renew();
    }, renewEveryMs).unref();
  }

  /** Why clients cannot use the repository; undefined where they can. */
  problem(): string | undefined {
    const { expiries } = this.#repository;
    if (!expiries) return "the TUF repository is not published yet";
    const role = tufRoles.find((name) => expiries[name].getTime() <= Date.now());
    return role && `the TUF ${role} has expired on ${expiries[role].toISOString()}`;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /**
   * What is published and is not among what runs: without it, what it signed would no longer
   * verify. (Of a key that was replaced its service still tells.)
   */
  async #missing(trust: Trust): Promise<readonly string[]> {
    const published = await this.#repository.published(trustedRootTarget);
    if (published === undefined) return [];
    const present = instancesOf(trust.root);
    const before = instancesOf(decodeTrustedRoot(published));
    return [...before].filter(([id]) => !present.has(id)).map(([, url]) => url);
  }

  async #renew(): Promise<void> {
    try {
      this.#tell(await this.#repository.renew());
    } catch (err) {
      // It is tried again; meanwhile what is published holds for half of its time still.
      const isOurs = err instanceof TufRepositoryError;
      this.#logger.error({ err }, isOurs ? err.message : "the TUF repository cannot be renewed");
    }
  }

  #tell({ published, rootNeeded }: TufUpdate): void {
    if (published.length > 0) this.#logger.info({ roles: published }, "TUF metadata is published");
    if (rootNeeded !== undefined && rootNeeded !== this.#told) {
      const hint = "chancery trust next-root, sign-root, import-root";
      this.#logger.warn({ why: rootNeeded, hint }, "the TUF repository needs a new root");
    }
    this.#told = rootNeeded;
  }
}

function addExpiryMetrics(metrics: ServerMetrics, repository: TufRepository): void {
  for (const role of tufRoles) {
    const help = `When the TUF ${role} metadata expires, in seconds of Unix time`;
    metrics.gauge(`chancery_tuf_${role}_expires_seconds`, help, async () =>
      Math.floor((repository.expiries?.[role].getTime() ?? 0) / 1000),
    );
  }
}
