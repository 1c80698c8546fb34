// SPDX-License-Identifier: Apache-2.0
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { ServerMetrics } from "../../http/index.ts";
import type { StackConfig } from "../config.ts";
import type { KeyFolder } from "../key-files.ts";
import type { Trust, TrustContribution } from "../trust.ts";

/**
 * A service of the stack. It is described by a file beside this one, which imports what is heavy
 * when it opens, so that a service that does not run costs nothing; and by a line in `registry.ts`.
 *
 * A start goes: each `open`, in the registry's order; each `addRoutes`; the address is taken;
 * each `trust`; the files for clients are written; each `started`. The stop: no more requests,
 * then each `close`, in the opposite order.
 */
export interface StackService<Api = unknown> {
  /** As in `only` and `--only`, and in front of errors. */
  readonly name: string;
  /**
   * The keys that `trust rotate` can replace, by the names of their first generations
   * (`generations.ts`). On its next start the service finds which generation is in use, makes what
   * it needs, and goes on telling clients of those before it. Absent: none.
   */
  readonly generations?: readonly string[];
  /**
   * Whether those named can be replaced as the stopped data directory is. Absent: always.
   * @throws StackError
   */
  readonly checkRotation?: (dataDirectory: string, names: readonly string[]) => Promise<void>;
  /** @throws StackError, or the service's own error: the stack does not start then */
  readonly open: (context: StackContext) => Promise<OpenService<Api>>;
}

/** What a service is given to open. */
export interface StackContext {
  /** Held by this process alone. A service keeps its files in a folder or file of its own there. */
  readonly dataDirectory: string;
  readonly config: StackConfig;
  /** Those of all services, each key by a name of its own, such as `rekor-v2`. */
  readonly keys: KeyFolder;
  readonly logger: FastifyBaseLogger;
  readonly metrics: ServerMetrics;
  /** By what the stack goes for ever: a host name, the origin of its log. */
  readonly hostname: string;
  /** Whose services these are, in the signing config. */
  readonly operator: string;
  /**
   * What a service that opened before this one offers to others in the process; undefined where it
   * does not run here, and must be reached over HTTP.
   */
  readonly opened: <Api>(service: StackService<Api>) => Api | undefined;
}

/** A service that is open. */
export interface OpenService<Api = unknown> {
  /** For services that open later. */
  readonly api?: Api;
  /** Adds paths to the server, which does not listen yet. */
  addRoutes(app: FastifyInstance): Promise<void>;
  /** What clients need to know of it. @param url the stack's, without a slash at the end */
  trust?(url: string): TrustContribution;
  /** Told once, with the address and what all services contributed, before the stack is started. */
  started?(place: { readonly url: string; readonly trust: Trust }): Promise<void>;
  /** Why it cannot do its work at present; undefined where it can. */
  notReady?(): Promise<string | undefined>;
  /** Names and values for programs, such as the log's key; in the answer of `up --json`. */
  facts?(): Readonly<Record<string, string>>;
  /** What to print for who has just started it. */
  usage?(place: UsagePlace): ServiceUsage;
  /** Makes durable what was acknowledged, and gives back what is held. */
  close(): Promise<void>;
}

/** What lines to type are made of: words that are ready for a shell. */
export interface UsagePlace {
  readonly url: string;
  /** The data directory, as whoever types is to name it. */
  readonly data: string;
}

/** Lines for who has just started a service. */
export interface ServiceUsage {
  /** What is where: a label of at most 15 characters, and a URL or the like. */
  readonly places: readonly (readonly [string, string])[];
  /** Lines to type before it can be used. */
  readonly first?: readonly string[];
}
