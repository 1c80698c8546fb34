// SPDX-License-Identifier: Apache-2.0
import { type Bundle, bundleLimits, decodeBundle, encodeBundle } from "@chancery/formats/bundle";
import { encodeHex } from "@chancery/formats/bytes";
import { hashOfOutputName } from "@chancery/formats/entry";
import { decodeTrustedRoot, type TrustedRoot } from "@chancery/formats/trust";
import { decodePendingEntry, type PendingEntry } from "@chancery/sign";
import { completePending } from "@chancery/sign/complete";
import { artifactFromDigest, assertVerified, type Policy, verify } from "@chancery/verify";
import { CliError, type Invocation } from "../framework/index.ts";
import { pendingFileOf, readWhole, removeOutput, writeOutput } from "../files/index.ts";
import { exists, fetchUntil } from "../verification/index.ts";

export interface BundleCompleteFlags {
  readonly trustedRoot?: string;
}

const trustBytesMax = 16 << 20;
const pendingBytesMax = 1 << 16;

/** Enters a signature that is pending, and completes its bundle. */
export async function bundleCompleteAction(
  invocation: Invocation<BundleCompleteFlags>,
): Promise<void> {
  const { args, flags, report, signal } = invocation;
  const [label = ""] = args;
  const pending = await readPending(label, invocation);
  const bytes = await readWhole(label, "bundle", bundleLimits.sizeBytesMax, invocation);
  const { trustedRoot: rootFile } = flags;
  const trustedRoot =
    rootFile === undefined
      ? undefined
      : decodeTrustedRoot(await readWhole(rootFile, "trusted root", trustBytesMax, invocation));
  const before = decodeBundle(bytes);
  const bundle = await completePending({
    bundle: before,
    pending,
    ...(trustedRoot ? { trustedRoot } : {}),
    http: { fetch: fetchUntil(signal), signal },
  });
  if (trustedRoot) check(bundle, pending, trustedRoot);
  const entries = bundle.tlogEntries.slice(before.tlogEntries.length).map((entry, i) => ({
    log: pending.logs[i]?.url ?? "",
    kind: `${entry.kind} ${entry.kindVersion}`,
    logIndex: String(entry.logIndex),
    logId: encodeHex(entry.logId),
  }));
  for (const { log, logIndex } of entries) report.say(`Logged with index ${logIndex} in ${log}`);
  // The bundle first: should this end in between, a second run finds the entry in the log.
  await writeOutput(label, encodeBundle(bundle), invocation);
  await removeOutput(pendingFileOf(label), invocation);
  report.say(`Completed bundle ${label}`);
  report.result({ bundle: label, logEntries: entries });
}

async function readPending(
  label: string,
  invocation: Pick<Invocation<unknown>, "io" | "signal">,
): Promise<PendingEntry> {
  const file = pendingFileOf(label);
  if (await exists(invocation.io, file)) {
    return decodePendingEntry(await readWhole(file, "pending entry", pendingBytesMax, invocation));
  }
  throw new CliError("usage", "nothing-pending", `there is no ${file}: nothing is pending`, {
    hint: "check the path; signing with --allow-pending makes that file where a log is down",
  });
}

/** As the maker of the bundle would have: by its own key, and whatever else it holds. */
function check(bundle: Bundle, { publicKey: key, algorithm }: PendingEntry, root: TrustedRoot) {
  const { content } = bundle;
  const digest = content.kind === "message" ? content.message.messageDigest : undefined;
  const name = digest && hashOfOutputName(digest.algorithm);
  const artifact = digest && name ? artifactFromDigest(name, digest.digest) : undefined;
  const policy: Policy = { signer: { kind: "key", key, algorithm }, logThreshold: 1 };
  assertVerified(verify({ bundle, trustedRoot: root, policy, ...(artifact ? { artifact } : {}) }));
}
