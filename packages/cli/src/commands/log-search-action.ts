// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { createHasher, sha256 } from "@chancery/formats/crypto";
import { decodeCertificatesPem } from "@chancery/formats/x509";
import { readPublicKey } from "@chancery/sign";
import type { IndexQuery, RekorV1Client } from "@chancery/sign/rekor";
import type { LogFlags } from "../flags/index.ts";
import { CliError, type Invocation, usageError } from "../framework/index.ts";
import { readWhole } from "../files/index.ts";
import {
  emit,
  openArtifactFlag,
  openClient,
  type Search,
  searchLog,
  type SearchResult,
} from "../log/index.ts";

export interface LogSearchFlags extends LogFlags {
  readonly data?: string;
  readonly sha?: string;
  readonly artifact?: string;
  readonly publicKey?: string;
  readonly pkiFormat: string;
  readonly email?: string;
  readonly subject?: string;
  readonly operator: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

const keyBytesMax = 1 << 20;
const limitMax = 10_000;

/** Prints the ids of entries that match. Nothing found is a refusal, as in rekor-cli. */
export async function logSearchAction(invocation: Invocation<LogSearchFlags>): Promise<void> {
  const { flags, report } = invocation;
  const search = await readSearch(invocation);
  const found =
    flags.data === undefined
      ? await find(openClient(invocation), search, invocation)
      : await findStored(flags.data, search, invocation);
  if (found.ids.length === 0) {
    throw new CliError("refused", "nothing-found", "no matching entries found");
  }
  if (report.format === "text" && flags.format !== "json") {
    report.say("Found matching entries (listed by UUID):");
  }
  emit({ UUIDs: [...found.ids] }, `${found.ids.join("\n")}\n`, invocation);
  if (found.more !== undefined) report.say(found.more);
}

interface Found {
  readonly ids: readonly string[];
  /** What to do to see the others. */
  readonly more?: string;
}

async function find(
  client: RekorV1Client,
  search: SearchFlags,
  { flags, report }: Invocation<LogSearchFlags>,
): Promise<Found> {
  const other = flags.publicKey !== undefined && flags.pkiFormat !== "x509";
  const limit = search.limit ?? limitMax;
  const page = other ? undefined : await searchLog(client, { ...search.ours, limit });
  if (page) return foundOf(page);
  const { since, until, cursor } = flags;
  if (since !== undefined || until !== undefined || cursor !== undefined) {
    throw usageError(
      `${client.url} has only Rekor's own index, which knows no times and no pages`,
      "leave --since, --until and --cursor away",
    );
  }
  report.detail("asking Rekor's own index, which may be incomplete");
  const ids = [...new Set(await client.searchIndex(search.index))];
  if (search.limit === undefined || ids.length <= search.limit) return { ids };
  const more = `There are ${ids.length - search.limit} more, and no order among them`;
  return { ids: ids.slice(0, search.limit), more };
}

/** In a directory: nobody is asked, and Rekor's own index is not there. */
async function findStored(
  directory: string,
  search: SearchFlags,
  invocation: Invocation<LogSearchFlags>,
): Promise<Found> {
  const { publicKey, pkiFormat } = invocation.flags;
  if (publicKey !== undefined && pkiFormat !== "x509") {
    throw usageError(`keys of the format ${pkiFormat} are not found in a directory`);
  }
  const { withSearchable } = await import("../kept-logs/index.ts");
  const limit = search.limit ?? limitMax;
  const page = await withSearchable(directory, invocation, async (client) =>
    searchLog(client, { ...search.ours, limit }),
  );
  return foundOf(page ?? { ids: [], isCut: false });
}

function foundOf({ ids, nextCursor, isCut }: SearchResult): Found {
  const cursor = nextCursor === undefined ? "a --limit that is larger" : `--cursor ${nextCursor}`;
  return { ids, ...(isCut ? { more: `There are more: pass ${cursor}` } : {}) };
}

interface SearchFlags {
  readonly ours: Omit<Search, "limit">;
  readonly index: IndexQuery;
  readonly limit: number | undefined;
}

async function readSearch(invocation: Invocation<LogSearchFlags>): Promise<SearchFlags> {
  const { flags } = invocation;
  const { email, subject, since, until, cursor } = flags;
  const operator = flags.operator === "and" ? "and" : "or";
  const digest = await readDigest(invocation);
  const key = flags.publicKey === undefined ? undefined : await readKey(invocation);
  const criteria = [
    ...(digest === undefined ? [] : [{ digest }]),
    ...(key?.spkiSha256 === undefined ? [] : [{ key: key.spkiSha256 }]),
    ...(email === undefined ? [] : [{ identity: email }]),
    ...(subject === undefined ? [] : [{ subject }]),
  ];
  if (criteria.length === 0 && key === undefined) {
    throw usageError(
      "either 'sha' or 'artifact' or 'public-key' or 'email' or 'subject' must be specified",
      "chancery log search --public-key FILE",
    );
  }
  if (cursor !== undefined && operator === "or" && criteria.length > 1) {
    throw usageError("--cursor goes with one thing to search for, or with --operator and");
  }
  return {
    ours: {
      criteria,
      operator,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(cursor === undefined ? {} : { cursor }),
    },
    index: {
      operator,
      ...(digest === undefined ? {} : { hash: digest }),
      ...(email === undefined ? {} : { email }),
      ...(subject === undefined ? {} : { subject }),
      ...(key ? { publicKey: { format: flags.pkiFormat, content: key.content } } : {}),
    },
    limit: flags.limit === undefined ? undefined : readLimit(flags.limit),
  };
}

async function readDigest(invocation: Invocation<LogSearchFlags>): Promise<string | undefined> {
  const { sha, artifact } = invocation.flags;
  if (sha !== undefined) {
    const [, name, hex = ""] = /^(?:(sha1|sha256|sha384|sha512):)?([0-9a-fA-F]+)$/.exec(sha) ?? [];
    const length = { 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512" }[hex.length];
    if (length !== undefined && (name ?? length) === length) {
      return `${length}:${hex.toLowerCase()}`;
    }
    throw usageError(`--sha ${JSON.stringify(sha.slice(0, 150))} is not a digest in hex`);
  }
  if (artifact === undefined) return undefined;
  const content = await openArtifactFlag(artifact, invocation);
  const hasher = createHasher("sha256");
  for await (const chunk of content.open()) hasher.update(chunk);
  return `sha256:${encodeHex(hasher.digest())}`;
}

/** The key as the index is asked for it, and where it is a PEM the digest of its SPKI. */
async function readKey(
  invocation: Invocation<LogSearchFlags>,
): Promise<{ readonly content: string; readonly spkiSha256?: string }> {
  const { publicKey: label = "", pkiFormat } = invocation.flags;
  const bytes = await readWhole(label, "public key", keyBytesMax, invocation);
  const content = encodeBase64(bytes);
  if (pkiFormat !== "x509") return { content };
  const text = decodeUtf8(bytes, label);
  const [certificate] = text.includes("-----BEGIN CERTIFICATE") ? decodeCertificatesPem(text) : [];
  const { spki } = certificate ? certificate.publicKey : readPublicKey(text);
  return { content, spkiSha256: encodeHex(sha256(spki)) };
}

function readLimit(text: string): number {
  if (/^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= limitMax) return Number(text);
  throw usageError(`--limit is ${JSON.stringify(text)}, not a number from 1 to ${limitMax}`);
}
