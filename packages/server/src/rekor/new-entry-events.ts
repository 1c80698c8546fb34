// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, decodeHex } from "@chancery/formats/bytes";
import { logEntryToJson } from "@chancery/formats/bundle";
import { decodeEntryBody } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { decodeCertificate } from "@chancery/formats/x509";
import type { FastifyBaseLogger } from "fastify";
import { setTimeout } from "node:timers/promises";
import type { ServerMetrics } from "../http/index.ts";
import { bodyKind } from "./body-kind.ts";
import { identities } from "./entry/index.ts";
import type { LogEntryJson } from "./v1/log-entry.ts";

/** Where new entries are announced. */
export interface WebhookOptions {
  /** Gets a POST for each entry. */
  readonly url: string;
  /** How long it may take to answer. */
  readonly timeoutMs: number;
}

/** What is announced, and by whom. */
export interface NewEntryEventsOptions extends WebhookOptions {
  /** Entries that there are, in all. */
  readonly size: () => number;
  /** The entry at an index below that. */
  readonly read: (index: number) => Promise<LogEntryJson | undefined>;
  readonly metrics: ServerMetrics;
  readonly logger: FastifyBaseLogger;
}

export const newEntryEventType = "dev.sigstore.rekor.events.v1.NewEntry";

const dataType = "application/json";
/** Structured mode of CloudEvents' HTTP binding. */
const contentType = "application/cloudevents+json; charset=utf-8";
/** Announced at the same time; within these the order is not kept. */
const deliveriesMax = 16;
const retryMsMin = 250;
const retryMsMax = 30_000;
/** Of an answer's body; a connection with a longer one is closed. */
const answerSizeBytesMax = 1 << 16;
/** Refusals that may pass. */
const passing: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Announces each entry that is logged while the process runs to a webhook, as Rekor v1 does to
 * Google Pub/Sub: a CloudEvent whose data is a TransparencyLogEntry in JSON.
 *
 * The log itself is the queue: what is kept is an index, so that nothing waits for the receiver,
 * nothing is dropped however long it is away, and memory does not grow. An entry is announced until
 * it is taken, and so perhaps twice, or refused with a 4xx status. What is not announced when the
 * process ends never is.
 */
export class NewEntryEvents {
  readonly #options: NewEntryEventsOptions;
  readonly #stop = new AbortController();
  #next: number;
  #deadlineMs = Infinity;
  #running: Promise<void> | undefined;

  constructor(options: NewEntryEventsOptions) {
    this.#options = options;
    this.#next = options.size();
  }

  /** Entries that are not announced yet. */
  get backlog(): number {
    return this.#options.size() - this.#next;
  }

  /** To be called when there may be new entries. Never throws, never waits. */
  wake(): void {
    if (this.#stop.signal.aborted || this.backlog <= 0) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      this.wake();
    });
  }

  /** Goes on while the receiver takes what there is, for as long as one answer may take. */
  async close(): Promise<void> {
    this.#deadlineMs = performance.now() + this.#options.timeoutMs;
    this.#stop.abort();
    await this.#running;
    const { backlog } = this;
    if (backlog > 0) this.#options.logger.warn({ backlog }, "entries were not announced");
  }

  async #run(): Promise<void> {
    while (this.backlog > 0 && performance.now() < this.#deadlineMs) {
      const count = Math.min(this.backlog, deliveriesMax);
      const window = Array.from({ length: count }, (_, i) => this.#announce(this.#next + i));
      const done = await Promise.all(window);
      const open = done.indexOf(false);
      this.#next += open === -1 ? count : open;
      if (open !== -1) return;
    }
  }

  /** @returns whether the receiver has it, or will never have it; false only once it is stopped. */
  async #announce(index: number): Promise<boolean> {
    const { logger } = this.#options;
    const { signal } = this.#stop;
    for (let waitMs = retryMsMin; ; waitMs = Math.min(2 * waitMs, retryMsMax)) {
      try {
        const status = await this.#post(index);
        if (status >= 200 && status < 300) return true;
        logger.warn({ index, status }, "the webhook did not take an entry");
        if (status >= 400 && status < 500 && !passing.has(status)) return true;
      } catch (err) {
        logger.warn({ index, err }, "an entry could not be announced");
      }
      if (signal.aborted) return false;
      await setTimeout(waitMs, undefined, { signal }).catch(() => undefined); // stopped meanwhile
      if (signal.aborted) return false;
    }
  }

  /** @returns the status that the receiver answers with. */
  async #post(index: number): Promise<number> {
    const { read, url, timeoutMs, metrics } = this.#options;
    let success = false;
    try {
      const entry = await read(index);
      if (!entry) throw new Error(`the log has no entry ${index}`);
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": contentType },
        body: JSON.stringify(newEntryEvent(entry)),
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      await skip(response);
      success = response.ok;
      return response.status;
    } finally {
      metrics.published(newEntryEventType, dataType, success);
    }
  }
}

/** Reads what a receiver says besides its status, so that the connection can be used again. */
async function skip({ body }: Response): Promise<void> {
  let size = 0;
  for await (const chunk of body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > answerSizeBytesMax) return;
  }
}

/** The event of an entry, with the members that Rekor's have. */
export function newEntryEvent(logEntry: LogEntryJson): object {
  const [[id, entry]] = Object.entries(logEntry) as [[string, LogEntryJson[string]]];
  const { inclusionProof, signedEntryTimestamp } = entry.verification;
  const canonicalizedBody = decodeBase64(entry.body);
  const { kind, apiVersion } = bodyKind(canonicalizedBody);
  const data = logEntryToJson({
    logIndex: BigInt(entry.logIndex),
    logId: decodeHex(entry.logID),
    kind,
    kindVersion: apiVersion,
    integratedTime: BigInt(entry.integratedTime),
    inclusionPromise: decodeBase64(signedEntryTimestamp),
    inclusionProof: {
      logIndex: BigInt(inclusionProof.logIndex),
      rootHash: decodeHex(inclusionProof.rootHash),
      treeSize: BigInt(inclusionProof.treeSize),
      hashes: inclusionProof.hashes.map((hash) => decodeHex(hash)),
      checkpoint: inclusionProof.checkpoint,
    },
    canonicalizedBody,
  });
  return {
    specversion: "1.0",
    id,
    source: "/createLogEntry",
    type: newEntryEventType,
    datacontenttype: dataType,
    time: new Date(entry.integratedTime * 1000).toISOString().replace(".000Z", "Z"),
    rekor_entry_kind: kind,
    rekor_signing_subjects: signingSubjects(canonicalizedBody).sort().join(","),
    // JSON in a string, as Rekor has it.
    data: JSON.stringify(data),
  };
}

/** Identities of the certificates in an entry; none of kinds whose bodies are not understood. */
function signingSubjects(body: Uint8Array): string[] {
  try {
    const { signatures } = decodeEntryBody(body).claims;
    return signatures.flatMap(({ verifier }) =>
      verifier.kind === "certificate" ? identities(decodeCertificate(verifier.certificate)) : [],
    );
  } catch (cause) {
    if (cause instanceof FormatError) return [];
    throw cause;
  }
}
