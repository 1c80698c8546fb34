// SPDX-License-Identifier: Apache-2.0
import {
  encodeVerifierKey,
  noteVerifier,
  parseSignedCheckpoint,
  verifyNoteSignature,
} from "@chancery/formats/note";
import { decodeTrustedRoot } from "@chancery/formats/trust";
import type { LogIdentity } from "@chancery/log";
import type { MirrorRecord } from "@chancery/server";
import { readWhole } from "../files/index.ts";
import { CliError, type Invocation, usageError } from "../framework/index.ts";
import { fetchUntil } from "../verification/index.ts";
import { readLogVkey } from "./stored.ts";

interface Flags {
  readonly vkey?: string;
  readonly trustedRoot?: string;
}

/** A remote log, and what a mirror of it is to remember. */
interface RemoteLogTrust {
  readonly record: MirrorRecord;
  readonly log: LogIdentity;
}

const trustBytesMax = 16 << 20;
const checkpointBytesMax = 1 << 20;

/**
 * Whose signature the remote log must have: as the mirror remembers it, as `--vkey` says, or one of
 * the keys in a trusted root, found by the checkpoint that is there now.
 * @throws CliError `usage` | `log-key-changed` | `log-head-unsigned` | `log-unreachable`
 */
export async function findRemote(
  url: string,
  known: MirrorRecord | undefined,
  invocation: Pick<Invocation<Flags>, "flags" | "io" | "report" | "signal">,
): Promise<RemoteLogTrust> {
  const { flags } = invocation;
  if (!/^https?:\/\/./.test(url)) {
    throw usageError(`${JSON.stringify(url)} is not an http or https URL`);
  }
  if (known) {
    if (flags.vkey !== undefined && flags.vkey !== known.vkey) {
      const message = `the directory mirrors ${known.vkey}, not ${flags.vkey}`;
      throw new CliError("refused", "log-key-changed", message, {
        hint: "mirror another log into another directory",
      });
    }
    return { record: known, log: readLogVkey(known.vkey, "vkey", known.origin) };
  }
  if (flags.vkey !== undefined) {
    const log = readLogVkey(flags.vkey, "--vkey");
    return { record: { url, origin: log.origin, vkey: flags.vkey }, log };
  }
  if (flags.trustedRoot === undefined) {
    const hint = "pass --vkey VKEY or --trusted-root FILE";
    throw usageError("a log that is mirrored for the first time needs its key", hint);
  }
  const root = await readWhole(flags.trustedRoot, "trusted root", trustBytesMax, invocation);
  const { tlogs } = decodeTrustedRoot(root);
  const text = await fetchCheckpoint(url, invocation.signal);
  const { checkpoint, note } = parseSignedCheckpoint(text);
  const { origin } = checkpoint;
  const verifiers = tlogs.map(({ publicKey }) => noteVerifier(origin, publicKey));
  const verifier = verifiers.find(
    (candidate) => verifyNoteSignature(note, candidate).status === "verified",
  );
  if (!verifier) {
    const message = `no log of ${flags.trustedRoot} signed the checkpoint of ${origin} at ${url}`;
    throw new CliError("refused", "log-head-unsigned", message, {
      hint: "get the trusted root of this log",
    });
  }
  const vkey = encodeVerifierKey({ kind: "note", verifier });
  return { record: { url, origin, vkey }, log: { origin, verifier } };
}

async function fetchCheckpoint(url: string, signal: AbortSignal): Promise<string> {
  const place = `${url.replace(/\/+$/, "")}/checkpoint`;
  const response = await fetchUntil(signal)(place, { redirect: "error" });
  const text = response.status === 200 ? await response.text() : "";
  if (response.status === 200 && text.length <= checkpointBytesMax) return text;
  const problem = response.status === 200 ? "answers too much" : `HTTP ${response.status}`;
  throw new CliError("unavailable", "log-unreachable", `${place}: ${problem}`, {
    hint: "check the URL: `checkpoint` and `tile/` must be under it",
  });
}
