// SPDX-License-Identifier: Apache-2.0

/** From the flags that describe an entry to what is proposed to a log, one file a kind. */
import { utf8Bytes } from "@chancery/formats/bytes";
import { decodeEntryBody, encodeEntryBody } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { canonicalizeJcs, isObject, type JsonObject, parseJson } from "@chancery/formats/json";
import { usageError } from "../../framework/index.ts";
import { readWhole } from "../../files/index.ts";
import { dsse, intoto } from "./envelope.ts";
import { hashedrekord } from "./hashedrekord.ts";
import {
  documentBytesMax,
  type Proposal,
  type ProposalKind,
  type ProposalNeeds,
} from "./proposal.ts";
import { rekord } from "./rekord.ts";

export type { Proposal } from "./proposal.ts";

const kinds: readonly ProposalKind[] = [hashedrekord, rekord, dsse, intoto];

/** What the flags propose. @throws CliError */
export async function readProposal(needs: ProposalNeeds): Promise<Proposal> {
  const { entry, type } = needs.flags;
  if (entry !== undefined) return readEntry(entry, needs);
  const [name = "", wanted] = type.split(":");
  const kind = kinds.find((known) => known.kind === name);
  if (!kind) {
    const names = kinds.map((known) => known.kind).join(", ");
    throw usageError(
      `--type ${JSON.stringify(name)} is not one of ${names}`,
      "other kinds are passed whole, with --entry FILE",
    );
  }
  const version = wanted ?? (kind.versions[0] as string);
  if (kind.versions.includes(version)) return kind.make(version, needs);
  throw usageError(`type ${name} does not support version ${version}`, kind.versions.join(", "));
}

/** A ready proposal. What the log stores of it is known where it is stored as it is. */
async function readEntry(label: string, needs: ProposalNeeds): Promise<Proposal> {
  const bytes = await readWhole(label, "entry", 2 * documentBytesMax, needs);
  const limits = { sizeBytesMax: 2 * documentBytesMax, depthMax: 32, valuesMax: 1 << 14 };
  const value = parseJson(bytes, "entry", limits);
  if (!isObject(value)) throw usageError(`${label}: an entry is a JSON object`);
  return { value, body: storedBody(value) };
}

function storedBody({ apiVersion, kind, spec }: JsonObject): Uint8Array | undefined {
  if (kind !== "hashedrekord") return undefined;
  try {
    const text = canonicalizeJcs({ apiVersion, kind, spec } as JsonObject);
    const { version, claims } = decodeEntryBody(utf8Bytes(text));
    return encodeEntryBody(kind, version, claims);
  } catch (cause) {
    if (cause instanceof FormatError) return undefined; // for the log to refuse, in its words
    throw cause;
  }
}
