// SPDX-License-Identifier: Apache-2.0
import {
  decodeSigningConfig,
  decodeTrustedRoot,
  type SigningConfig,
} from "@chancery/formats/trust";
import { type LogOptions, openLog, selectLogs, type SignatureLog } from "@chancery/sign/rekor";
import type { SigningFlags } from "../flags/index.ts";
import { usageError } from "../framework/index.ts";
import { readWhole } from "../files/index.ts";
import { fetchTrustFiles, fetchUntil } from "../verification/index.ts";
import type { LoggingNeeds, LoggingPlan, Wanted } from "./plan.ts";

type Asked = Exclude<Wanted, { kind: "nothing" }>;

const trustBytesMax = 16 << 20;
const TUF_SIGNING_CONFIG = "signing_config.v0.2.json";

/** The logs that are asked for, and the trusted root. @throws CliError | SignError | TufError */
export async function openLogs(wanted: Asked, needs: LoggingNeeds): Promise<LoggingPlan> {
  const { flags, report } = needs;
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

interface Trust {
  readonly signingConfig?: SigningConfig;
  readonly trustedRoot?: Uint8Array;
  readonly trustedRootFile?: string;
}

async function readTrust(wanted: Asked, needs: LoggingNeeds): Promise<Trust> {
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
