// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from "@chancery/formats/bundle";
import { encodeHex } from "@chancery/formats/bytes";
import { usageError } from "../framework/index.ts";
import type { LoggingNeeds, LoggingPlan, Wanted } from "./plan.ts";

/** cosign's default of `--rekor-url`. */
const publicRekorUrl = "https://rekor.sigstore.dev";

/**
 * The logs that the flags ask for; none is asked for by itself. Flags mean what they mean in
 * cosign, and exclude each other as they do there.
 * @throws CliError | SignError
 */
export async function planLogging(needs: LoggingNeeds): Promise<LoggingPlan> {
  const wanted = readWanted(needs);
  const { flags, report } = needs;
  if (wanted.kind === "nothing") {
    if (flags.trustedRoot !== undefined) {
      report.warn("--trusted-root is ignored: a signature by a key that is not logged needs none");
    }
    return { logs: [] };
  }
  const { openLogs } = await import("./open-logs.ts");
  return openLogs(wanted, needs);
}

/** The entries of a fresh bundle, for `--output json`. */
export function entriesToJson(
  { tlogEntries }: Bundle,
  { logs }: LoggingPlan,
): Readonly<Record<"log" | "kind" | "logIndex" | "logId", string>>[] {
  return tlogEntries.map((entry, i) => ({
    log: logs[i]?.url ?? "",
    kind: `${entry.kind} ${entry.kindVersion}`,
    logIndex: String(entry.logIndex),
    logId: encodeHex(entry.logId),
  }));
}

/** Says where the signature was logged. */
export function sayLogged(
  bundle: Bundle,
  plan: LoggingPlan,
  { report }: Pick<LoggingNeeds, "report">,
): void {
  for (const { log, logIndex } of entriesToJson(bundle, plan)) {
    report.say(`Logged with index ${logIndex} in ${log}`);
  }
}

function readWanted({ flags, given }: Pick<LoggingNeeds, "flags" | "given">): Wanted {
  const { rekorUrl, rekorVersion, signingConfig, tlogUpload, useSigningConfig } = flags;
  const byTuf = useSigningConfig;
  const refused = given.has("tlogUpload") && !tlogUpload;
  if (rekorVersion !== undefined && rekorUrl === undefined) {
    throw usageError("--rekor-version goes with --rekor-url", "a signing config says it itself");
  }
  if (signingConfig !== undefined && byTuf) {
    throw usageError(
      "--signing-config and --use-signing-config exclude each other",
      "leave --use-signing-config away: the file is used",
    );
  }
  if (signingConfig !== undefined || byTuf) {
    if (rekorUrl !== undefined) {
      const hint = "pass --rekor-url, or the signing config, which says where the log is";
      throw usageError("cannot specify service URLs and use signing config", hint);
    }
    if (refused) {
      throw usageError(
        "--tlog-upload=false is not supported with --signing-config or --use-signing-config",
        "use a signing config without rekorTlogUrls, or leave it away: nothing is logged then",
      );
    }
    return signingConfig === undefined ? { kind: "tuf" } : { kind: "config", file: signingConfig };
  }
  if (refused) return { kind: "nothing" };
  if (rekorUrl !== undefined) {
    return { kind: "url", url: rekorUrl, api: rekorVersion === "2" ? 2 : 1 };
  }
  if (!tlogUpload) return { kind: "nothing" };
  return given.has("useSigningConfig")
    ? { kind: "url", url: publicRekorUrl, api: 1 }
    : { kind: "tuf" };
}
