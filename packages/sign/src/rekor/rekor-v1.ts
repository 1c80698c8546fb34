// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "@chancery/formats/bytes";
import { decodePublicKeyPem, type PublicKey } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { type JsonObject, ObjectDecoder, parseJson } from "@chancery/formats/json";
import { SignError } from "../errors.ts";
import {
  exchange,
  type HttpAnswer,
  httpDefaults,
  type HttpOptions,
  type HttpRequest,
  serviceUrl,
  sleep,
} from "../http/index.ts";
import { decodeRekorV1Entries, decodeRekorV1Entry, type RekorV1Entry } from "./entry-v1.ts";
import { decodeFoundPage, type FoundPage, type LogSearchQuery } from "./search-v1.ts";
import { decodeLogProof, decodeLogState, type LogProof, type LogState } from "./log-state-v1.ts";

/** An entry that was created, or was in the log before. */
export interface CreatedEntry {
  readonly entry: RekorV1Entry;
  readonly existed: boolean;
  /** Address of the entry. */
  readonly location: string;
}

/** How an entry is asked for. */
export type EntryReference = { readonly id: string } | { readonly logIndex: bigint };

/** What the deprecated index is asked for. Absent members do not restrict. */
export interface IndexQuery {
  /** `sha256:<hex>` and the like. */
  readonly hash?: string;
  readonly email?: string;
  readonly subject?: string;
  readonly publicKey?: { readonly format: string; readonly content: string };
  readonly operator?: "and" | "or";
}

const service = "the Rekor v1 log";
const idsMax = 1 << 20;
const retrieveMax = 10;
const jsonLimits = { sizeBytesMax: 128 << 20, depthMax: 16, valuesMax: idsMax } as const;

/**
 * Rekor's first API. Answers are read strictly and not verified: `verifyLogEntry` of
 * `@chancery/verify` does that, with a trusted root.
 */
export class RekorV1Client {
  readonly url: string;
  readonly #http: HttpOptions;

  /**
   * @param url base URL of the log, without `/api`.
   * @throws SignError `malformed-service-url`
   */
  constructor(url: string, http: HttpOptions = {}) {
    serviceUrl(url, "");
    this.url = url;
    this.#http = http;
  }

  /**
   * Proposes an entry. Where the log refuses it as one that it has, that one is fetched: a proposal
   * whose answer got lost can be repeated.
   * @throws SignError `service-…`
   */
  async create(proposal: JsonObject): Promise<CreatedEntry> {
    const url = serviceUrl(this.url, "api/v1/log/entries");
    const answer = await this.#send({
      method: "POST",
      url,
      body: JSON.stringify(proposal),
      expected: [200, 201, 409],
      service,
    });
    if (answer.status === 409) return this.#existing(answer);
    const entry = this.#read(() => decodeRekorV1Entry(answer.body));
    return { entry, existed: false, location: `${url.href}/${entry.id}` };
  }

  /** @returns undefined where the log has no such entry. @throws SignError `service-…` */
  async entry(reference: EntryReference): Promise<RekorV1Entry | undefined> {
    const url =
      "id" in reference
        ? serviceUrl(this.url, `api/v1/log/entries/${encodeURIComponent(reference.id)}`)
        : serviceUrl(this.url, "api/v1/log/entries", { logIndex: String(reference.logIndex) });
    const answer = await this.#send({ method: "GET", url, expected: [200, 404], service });
    if (answer.status === 404) return undefined;
    const entry = this.#read(() => decodeRekorV1Entry(answer.body));
    const wanted = "id" in reference ? entry.id.slice(-64) === reference.id.slice(-64) : true;
    const index = "id" in reference || entry.entry.logIndex === reference.logIndex;
    if (wanted && index) return entry;
    throw this.#malformed(`answers with entry ${entry.id}, which is not the one asked for`);
  }

  /** Entries that are equal to proposals, or have one of the ids. @throws SignError `service-…` */
  async retrieve(query: {
    readonly entries?: readonly JsonObject[];
    readonly ids?: readonly string[];
  }): Promise<RekorV1Entry[]> {
    const { entries = [], ids = [] } = query;
    const body: JsonObject = {
      ...(entries.length > 0 ? { entries: [...entries] } : {}),
      ...(ids.length > 0 ? { entryUUIDs: [...ids] } : {}),
    };
    const answer = await this.#post("api/v1/log/entries/retrieve", body);
    // An entry may be in several shards.
    return this.#read(() => decodeRekorV1Entries(answer.body, 8 * retrieveMax));
  }

  /** The trees of the log. @throws SignError `service-…` */
  async state(): Promise<LogState> {
    const url = serviceUrl(this.url, "api/v1/log");
    const answer = await this.#send({ method: "GET", url, expected: [200], service });
    return this.#read(() => decodeLogState(answer.body));
  }

  /** A proof that the tree grew from one size to another. @throws SignError `service-…` */
  async consistency(query: {
    readonly firstSize: bigint;
    readonly lastSize: bigint;
    readonly treeId?: string;
  }): Promise<LogProof> {
    const url = serviceUrl(this.url, "api/v1/log/proof", {
      firstSize: String(query.firstSize),
      lastSize: String(query.lastSize),
      treeID: query.treeId,
    });
    const answer = await this.#send({ method: "GET", url, expected: [200], service });
    return this.#read(() => decodeLogProof(answer.body));
  }

  /** The key of a tree, which nobody vouches for. @throws SignError `service-…` */
  async publicKey(treeId?: string): Promise<PublicKey> {
    const url = serviceUrl(this.url, "api/v1/log/publicKey", { treeID: treeId });
    const accept = "application/x-pem-file";
    const answer = await this.#send({ method: "GET", url, accept, expected: [200], service });
    return this.#read(() => decodePublicKeyPem(decodeUtf8(answer.body, "public key")));
  }

  /** Ids of entries from the index that every Rekor v1 has. @throws SignError `service-…` */
  async searchIndex(query: IndexQuery): Promise<string[]> {
    const answer = await this.#post("api/v1/index/retrieve", { ...query } as JsonObject);
    return this.#read(() => {
      const value = parseJson(answer.body, "index", jsonLimits);
      const list = new ObjectDecoder({ ids: value }, "index");
      return list.strings("ids", idsMax).map((id) => {
        if (/^[0-9a-f]{80}$/i.test(id)) return id.toLowerCase();
        throw list.error(
          "malformed",
          "ids",
          `${JSON.stringify(id.slice(0, 100))} is no entry's id`,
        );
      });
    });
  }

  /**
   * One page of Chancery's search.
   * @returns undefined where the log is one that has no such search.
   * @throws SignError `service-…`
   */
  async search(query: LogSearchQuery): Promise<FoundPage | undefined> {
    const url = serviceUrl(this.url, "api/v1/log/search", { ...query });
    const expected = [200, 404, 405, 501];
    const answer = await this.#send({ method: "GET", url, expected, service });
    if (answer.status !== 200) return undefined;
    return this.#read(() => decodeFoundPage(answer.body));
  }

  async #existing(answer: HttpAnswer): Promise<CreatedEntry> {
    const said = new TextDecoder().decode(answer.body.subarray(0, 4096));
    const named = `${answer.headers.get("location") ?? ""} ${said}`;
    const [id] = /\b(?:[0-9a-f]{80}|[0-9a-f]{64})\b/i.exec(named) ?? [];
    if (id === undefined) throw this.#malformed("says that it has the entry already, not which");
    const entry = await this.#await(id.toLowerCase());
    const { href } = serviceUrl(this.url, `api/v1/log/entries/${entry.id}`);
    return { entry, existed: true, location: href };
  }

  /** Trillian refuses an entry as a duplicate before others can read it. */
  async #await(id: string): Promise<RekorV1Entry> {
    const { attemptsMax, backoffMs, wait = sleep, signal } = { ...httpDefaults, ...this.#http };
    for (let attempt = 1; ; attempt++) {
      const entry = await this.entry({ id });
      if (entry) return entry;
      if (attempt >= attemptsMax) break;
      await wait(backoffMs * 2 ** (attempt - 1), signal);
    }
    throw this.#malformed(`says that it has the entry ${id} already, and does not have it`);
  }

  #post(path: string, body: JsonObject): Promise<HttpAnswer> {
    const url = serviceUrl(this.url, path);
    return this.#send({
      method: "POST",
      url,
      body: JSON.stringify(body),
      expected: [200],
      service,
    });
  }

  #send(request: HttpRequest): Promise<HttpAnswer> {
    return exchange(request, this.#http);
  }

  #read<T>(decode: () => T): T {
    try {
      return decode();
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw this.#malformed(`answers with what is no answer: ${cause.message}`, cause);
    }
  }

  #malformed(problem: string, cause?: unknown): SignError {
    return new SignError(
      "service-malformed",
      `${service} at ${this.url} ${problem}`,
      "check that it is a Rekor v1; a Rekor v2 is asked with version 2",
      cause === undefined ? undefined : { cause },
    );
  }
}
