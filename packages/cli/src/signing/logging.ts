// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from "@chancery/formats/bundle";
import { encodeHex } from "@chancery/formats/bytes";
import {
  decodeSigningConfig,
  decodeTrustedRoot,
  type SigningConfig,
} from "@chancery/formats/trust";
import {
  type Logging,
  type LogOptions,
  openLog,
  selectLogs,
  type SignatureLog,
} from "@chancery/sign";
import type { SigningFlags } from "../flags/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";
import { readWhole } from "../files/index.ts";
import { fetchTrustFiles, fetchUntil } from "../verification/index.ts";

type Needs = Pick<Invocation<SigningFlags>, "flags" | "given" | "io" | "report" | "signal">;

/** Which logs get a signature, none where nothing is to be logged, and what is trusted of them. */
export interface LoggingPlan extends Logging {
  /** The trusted root's file, for whoever verifies; undefined where TUF has it. */
  readonly trustedRootFile?: string;
}

const trustBytesMax = 16 << 20;
/** cosign's default of `--rekor-url`. */
const publicRekorUrl = "https://rekor.sigstore.dev";
const TUF_SIGNING_CONFIG = "signing_config.v0.2.json";

/** What the flags ask for. */
type Wanted =
  | { readonly kind: "nothing" }
  | { readonly kind: "url"; readonly url: string; readonly api: 1 | 2 }
  | { readonly kind: "config"; readonly file: string }
  | { readonly kind: "tuf" };

/**
 * The logs that the flags ask for; none is asked for by itself. Flags mean what they mean in cosign,
 * and exclude each other as they do there.
 * @throws CliError | SignError
 */
export async function planLogging(needs: Needs): Promise<LoggingPlan> {
  const wanted = readWanted(needs);
  const { flags, report } = needs;
  if (wanted.kind === "nothing") {
    if (flags.trustedRoot !== undefined) {
      report.warn("--trusted-root is ignored: a signature by a key that is not logged needs none");
    }
    return { logs: [] };
  }
  const trust = await readTrust(wanted, needs);
  const { trustedRootFile } = trust;
  const trustedRoot = trust.trustedRoot && decodeTrustedRoot(trust.trustedRoot);
  const options: LogOptions = {
    fetch: fetchUntil(needs.signal),
    signal: needs.signal,
    ...(trustedRoot ? { trustedRoot } : {}),
  };
  const logs =
    wanted.kind === "url"
      ? [openLog(wanted.url, wanted.api, options)]
      : selectLogs(trust.signingConfig as SigningConfig, needs.io.now(), options);
  checkFormat(logs, flags);
  for (const log of logs) report.detail(`log ${log.url}, Rekor v${log.api}`);
  if (logs.length === 0) report.warn("the signing config lists no log: nothing is logged");
  if (trust.signingConfig && trust.signingConfig.tsaUrls.length > 0) {
    report.detail(
      "the signing config lists timestamp authorities, which this version does not ask",
    );
  }
  return {
    logs,
    ...(trustedRoot ? { trustedRoot } : {}),
    ...(trustedRootFile === undefined ? {} : { trustedRootFile }),
  };
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
  { report }: Pick<Needs, "report">,
): void {
  for (const { log, logIndex } of entriesToJson(bundle, plan)) {
    report.say(`Logged with index ${logIndex} in ${log}`);
  }
}

function readWanted({ flags, given }: Pick<Needs, "flags" | "given">): Wanted {
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

interface Trust {
  readonly signingConfig?: SigningConfig;
  readonly trustedRoot?: Uint8Array;
  readonly trustedRootFile?: string;
}

async function readTrust(
  wanted: Exclude<Wanted, { kind: "nothing" }>,
  needs: Needs,
): Promise<Trust> {
  const { trustedRoot: file } = needs.flags;
  const ownRoot: Trust =
    file === undefined
      ? {}
      : {
          trustedRoot: await readWhole(file, "trusted root", trustBytesMax, needs),
          trustedRootFile: file,
        };
  if (wanted.kind === "url") return ownRoot;
  if (wanted.kind === "config") {
    const bytes = await readWhole(wanted.file, "signing config", trustBytesMax, needs);
    return { ...ownRoot, signingConfig: decodeSigningConfig(bytes) };
  }
  const options = { offline: false, signingConfigTarget: TUF_SIGNING_CONFIG };
  const { signingConfig, trustedRoot, mirror } = await fetchTrustFiles(options, needs);
  if (signingConfig === undefined) {
    const hint = "pass --signing-config FILE, or --rekor-url URL";
    throw usageError(`${mirror} publishes no ${TUF_SIGNING_CONFIG}`, hint);
  }
  return { trustedRoot, ...ownRoot, signingConfig: decodeSigningConfig(signingConfig) };
}

/** cosign's older format holds one promise of a Rekor v1, and no proof. */
function checkFormat(logs: readonly SignatureLog[], { newBundleFormat }: SigningFlags): void {
  if (newBundleFormat || (logs.length <= 1 && logs.every(({ api }) => api === 1))) return;
  throw usageError(
    "cosign's older format has no room for these log entries",
    "leave --new-bundle-format=false away, or log to one Rekor v1",
  );
}
