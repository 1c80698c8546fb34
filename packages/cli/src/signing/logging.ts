// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from "@chancery/formats/bundle";
import { encodeHex } from "@chancery/formats/bytes";
import type { PendingEntry } from "@chancery/sign";
import type { PlanNeeds, SigningPlan } from "./plan.ts";
import { readWanted } from "./wanted.ts";

/**
 * The services that the flags ask for; a key by itself asks for none.
 * @throws CliError | SignError
 */
export async function planSigning(needs: PlanNeeds): Promise<SigningPlan> {
  const wanted = readWanted(needs);
  const { flags, report } = needs;
  if (wanted.kind === "nothing") {
    if (flags.trustedRoot !== undefined) {
      report.warn("--trusted-root is ignored: a signature by a key that is not logged needs none");
    }
    return { logging: { logs: [] }, timestampServices: [] };
  }
  const { openServices } = await import("./open-services.ts");
  return openServices(wanted, needs);
}

/** The entries of a fresh bundle, for `--output json`. */
export function entriesToJson(
  { tlogEntries }: Bundle,
  { logging: { logs } }: SigningPlan,
  pending?: PendingEntry,
): Readonly<Record<"log" | "kind" | "logIndex" | "logId", string>>[] {
  const missing = new Set(pending?.logs.map(({ url }) => url));
  const reached = logs.filter(({ url }) => !missing.has(url));
  return tlogEntries.map((entry, i) => ({
    log: reached[i]?.url ?? "",
    kind: `${entry.kind} ${entry.kindVersion}`,
    logIndex: String(entry.logIndex),
    logId: encodeHex(entry.logId),
  }));
}

/** Says where the signature was logged, and who stamped it. */
export function sayVouched(
  bundle: Bundle,
  plan: SigningPlan,
  { report }: Pick<PlanNeeds, "report">,
  pending?: PendingEntry,
): void {
  for (const { log, logIndex } of entriesToJson(bundle, plan, pending)) {
    report.say(`Logged with index ${logIndex} in ${log}`);
  }
  for (const { url } of pending?.logs ?? []) {
    report.warn(`the log at ${url} cannot be reached: the entry is pending`);
  }
  for (const { url } of plan.timestampServices) report.say(`Time attested by ${url}`);
}
