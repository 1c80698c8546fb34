// SPDX-License-Identifier: Apache-2.0
import { logEntryToJson } from "@chancery/formats/bundle";
import { decodeUtf8, encodeHex } from "@chancery/formats/bytes";
import type { EntryReference, RekorV1Entry } from "@chancery/sign/rekor";
import type { LogFlags } from "../flags/index.ts";
import {
  CliError,
  type Invocation,
  type Json,
  type JsonResult,
  printable,
  usageError,
} from "../framework/index.ts";
import { emit, LogTrust, openClient } from "../log/index.ts";

export interface LogGetFlags extends LogFlags {
  readonly uuid?: string;
  readonly logIndex?: string;
}

/** Prints one entry. */
export async function logGetAction(invocation: Invocation<LogGetFlags>): Promise<void> {
  const { flags, report } = invocation;
  const reference = readReference(flags);
  if (!reference) throw usageError("either --uuid or --log-index must be specified");
  const client = openClient(invocation);
  const trust = await LogTrust.open(client, invocation);
  const found = await client.entry(reference);
  if (!found) throw missing(flags, client.url);
  await trust.checkEntry(found);
  if (flags.format === "tle") {
    const json = logEntryToJson(found.entry) as JsonResult;
    report.result(json, `${JSON.stringify(json)}\n`);
    return;
  }
  const json = describe(found);
  emit(json, words(json), invocation);
}

/** The entry that `--uuid` or `--log-index` names. @throws CliError */
export function readReference(
  flags: Pick<LogGetFlags, "uuid" | "logIndex">,
): EntryReference | undefined {
  const { uuid, logIndex } = flags;
  if (uuid !== undefined) {
    if (/^(?:[0-9a-f]{64}|[0-9a-f]{80})$/i.test(uuid)) return { id: uuid.toLowerCase() };
    throw usageError(`--uuid ${JSON.stringify(uuid.slice(0, 100))} has not 64 or 80 hex digits`);
  }
  if (logIndex === undefined) return undefined;
  if (/^(?:0|[1-9][0-9]{0,17})$/.test(logIndex)) return { logIndex: BigInt(logIndex) };
  throw usageError(`--log-index ${JSON.stringify(logIndex.slice(0, 100))} is not an index`);
}

function missing(flags: LogGetFlags, url: string): CliError {
  const what = flags.uuid ?? `index ${flags.logIndex}`;
  return new CliError("refused", "log-entry-missing", `${url} has no entry ${what} (404)`);
}

/** What rekor-cli calls the types of entries that it prints. */
const modelNames: Readonly<Record<string, string>> = {
  hashedrekord: "HashedRekordObj",
  rekord: "RekordObj",
  intoto: "IntotoObj",
  dsse: "DSSEObj",
  cose: "CoseObj",
  rfc3161: "Rfc3161Obj",
  alpine: "AlpineModel",
  rpm: "RPMModel",
  jar: "JARModel",
  helm: "HelmObj",
  tuf: "TufObj",
};

/** Members in rekor-cli's order. */
interface GetResult {
  readonly [name: string]: Json;
  readonly Attestation: string;
  readonly AttestationType: string;
  readonly Body: Json;
  readonly LogIndex: number;
  readonly IntegratedTime: number;
  readonly UUID: string;
  readonly LogID: string;
}

function describe({ id, entry, attestation }: RekorV1Entry): GetResult {
  const { spec } = JSON.parse(decodeUtf8(entry.canonicalizedBody)) as { spec: Json };
  return {
    Attestation: attestation ? new TextDecoder().decode(attestation) : "",
    AttestationType: "",
    Body: { [modelNames[entry.kind] ?? entry.kind]: spec },
    LogIndex: Number(entry.logIndex),
    IntegratedTime: Number(entry.integratedTime),
    UUID: id,
    LogID: encodeHex(entry.logId),
  };
}

function words(result: GetResult): string {
  const time = new Date(result.IntegratedTime * 1000).toISOString().replace(".000Z", "Z");
  return [
    `LogID: ${result.LogID}`,
    ...(result.Attestation === "" ? [] : [`Attestation: ${printable(result.Attestation)}`]),
    `Index: ${result.LogIndex}`,
    `IntegratedTime: ${time}`,
    `UUID: ${result.UUID}`,
    `Body: ${JSON.stringify(result.Body, undefined, 2)}`,
    "",
    "",
  ].join("\n");
}
