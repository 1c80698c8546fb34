// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import { encodeHex } from "@chancery/formats/bytes";
import { EmbeddedStore, LogError, Mirror } from "@chancery/log";
import { loggedEntryKeys, mirrorStore, readMirror, writeMirror } from "@chancery/server";
import { pathOf, stopAsked } from "../files/index.ts";
import { CliError, type Invocation, readDuration } from "../framework/index.ts";
import { findRemote } from "../kept-logs/index.ts";
import { fetchUntil } from "../verification/index.ts";

export interface LogFollowFlags {
  readonly vkey?: string;
  readonly trustedRoot?: string;
  readonly once: boolean;
  readonly interval: string;
  readonly timeout: string;
}

/** Mirrors a remote log until it is asked to stop, or once. */
export async function logFollowAction(invocation: Invocation<LogFollowFlags>): Promise<void> {
  const { args, flags, io, report, signal } = invocation;
  const [url, directory] = args as readonly [string, string];
  const intervalMs = readDuration(flags.interval, "--interval");
  const path = pathOf(io, directory);
  const known = await readMirror(path);
  const { record, log } = await findRemote(url, known, invocation);
  const stop = new AbortController();
  if (!flags.once) void stopAsked(signal).then(() => stop.abort());
  const store = await EmbeddedStore.open(mirrorStore(path));
  const fetch = fetchUntil(AbortSignal.any([signal, stop.signal]));
  let mirror: Mirror | undefined;
  try {
    mirror = await Mirror.open({
      store,
      url,
      log,
      fetch,
      now: () => io.now().getTime(),
      keysOf: loggedEntryKeys,
      onError: ({ message }) => report.warn(message),
    });
    // Only now: a key that was wrong is not to be remembered.
    if (!known) await writeMirror(path, record);
    do {
      await followOnce(mirror, { isStopping: () => stop.signal.aborted, ...invocation });
      if (!flags.once) await pause(intervalMs, stop.signal);
    } while (!flags.once && !stop.signal.aborted);
    const { size, rootHash } = mirror.reader.head();
    const json = { origin: log.origin, size, rootHash: encodeHex(rootHash), directory };
    report.result(json, `Mirrored ${size} entries of ${log.origin}, root ${json.rootHash}\n`);
  } finally {
    await (mirror ?? store).close();
  }
}

type Needs = Pick<Invocation<LogFollowFlags>, "flags" | "report"> & {
  readonly isStopping: () => boolean;
};

/** What is unreachable now may be there later: only who asked for one look is told by an error. */
async function followOnce(mirror: Mirror, { flags, report, isStopping }: Needs): Promise<void> {
  const before = mirror.reader.head().size;
  try {
    const size = await mirror.follow();
    if (size > before) report.detail(`mirrored ${size} entries`);
  } catch (cause) {
    if (isStopping()) return;
    if (!(cause instanceof LogError) || (cause.code === "unreachable" && flags.once)) throw cause;
    if (cause.code === "unreachable") return report.warn(cause.message);
    // An answer too long or not of its form is the log's contradiction, as is one unverified.
    if (cause.code !== "malformed" && cause.code !== "too-large") throw cause;
    throw new CliError("refused", cause.code, cause.message, { hint: cause.hint, cause });
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (cause) {
    if (!signal.aborted) throw cause; // asked to stop: the wait is over
  }
}
