// SPDX-License-Identifier: Apache-2.0
import {
  decodeSigningConfig,
  decodeTrustedRoot,
  selectServices,
  ServiceSelectionError,
  type SigningConfig,
  type TrustedRoot,
} from "@chancery/formats/trust";
import { checkTimeSource } from "@chancery/sign";
import { type LogOptions, openLog, selectLogs, type SignatureLog } from "@chancery/sign/rekor";
import type { CertificateService } from "@chancery/sign/fulcio";
import type { TimestampService } from "@chancery/sign/timestamp";
import { usageError } from "../framework/index.ts";
import { readWhole } from "../files/index.ts";
import { fetchTrustFiles, fetchUntil } from "../verification/index.ts";
import type { PlanNeeds, SigningPlan, Wanted } from "./plan.ts";

type Asked = Exclude<Wanted, { kind: "nothing" }>;

const trustBytesMax = 16 << 20;
const TUF_SIGNING_CONFIG = "signing_config.v0.2.json";

/**
 * The services that are asked for, and the trusted root.
 * @throws CliError | SignError | TufError
 */
export async function openServices(wanted: Asked, needs: PlanNeeds): Promise<SigningPlan> {
  const { flags, report } = needs;
  const trust = await readTrust(wanted, needs);
  const { trustedRootFile, signingConfig } = trust;
  const trustedRoot = trust.trustedRoot && decodeTrustedRoot(trust.trustedRoot);
  const logs = openLogs(wanted, signingConfig, trustedRoot, needs);
  const timestampServices = await openTimestamps(wanted, signingConfig, needs);
  const authority = await openAuthority(wanted, signingConfig, needs);
  const oidcIssuer = oidcIssuerOf(wanted, signingConfig, needs);
  const { allowPending } = flags;
  const plan: SigningPlan = {
    logging: { logs, allowPending, ...(trustedRoot ? { trustedRoot } : {}) },
    timestampServices,
    ...(authority && { authority }),
    ...(oidcIssuer === undefined ? {} : { oidcIssuer }),
    ...(trustedRootFile === undefined ? {} : { trustedRootFile }),
  };
  checkFormat(plan, needs);
  if (authority) checkTimeSource(plan);
  for (const log of logs) report.detail(`log ${log.url}, Rekor v${log.api}`);
  for (const { url } of timestampServices) report.detail(`timestamp authority ${url}`);
  if (authority) report.detail(`certificate authority ${authority.url}`);
  if (logs.length === 0 && signingConfig) {
    report.warn("the signing config lists no log: nothing is logged");
  }
  return plan;
}

function httpOf({ signal }: PlanNeeds): Pick<LogOptions, "fetch" | "signal"> {
  return { fetch: fetchUntil(signal), signal };
}

function openLogs(
  wanted: Asked,
  config: SigningConfig | undefined,
  trustedRoot: TrustedRoot | undefined,
  needs: PlanNeeds,
): SignatureLog[] {
  const http = httpOf(needs);
  // Where the user can wait, a log that is down is not waited for.
  const attempts = needs.flags.allowPending ? { attemptsMax: 2, timeoutMs: 10_000 } : {};
  const options: LogOptions = { ...http, ...attempts, ...(trustedRoot ? { trustedRoot } : {}) };
  if (wanted.kind !== "urls") return selectLogs(config as SigningConfig, needs.io.now(), options);
  return wanted.rekor ? [openLog(wanted.rekor.url, wanted.rekor.api, options)] : [];
}

async function openTimestamps(
  wanted: Asked,
  config: SigningConfig | undefined,
  needs: PlanNeeds,
): Promise<TimestampService[]> {
  const url = wanted.kind === "urls" ? wanted.timestamp : undefined;
  if (url === undefined && !config?.tsaUrls.length) return [];
  const timestamp = await import("@chancery/sign/timestamp");
  if (url !== undefined) return [timestamp.openTimestampService(url, httpOf(needs))];
  const now = needs.io.now();
  return timestamp.selectTimestampServices(config as SigningConfig, now, httpOf(needs));
}

async function openAuthority(
  wanted: Asked,
  config: SigningConfig | undefined,
  needs: PlanNeeds,
): Promise<CertificateService | undefined> {
  const { key, issueCertificate, insecureIgnoreSct } = needs.flags;
  if (key !== undefined && !issueCertificate) return undefined;
  const fulcio = await import("@chancery/sign/fulcio");
  const options = { ...httpOf(needs), insecureIgnoreSct };
  if (wanted.kind === "urls") {
    return fulcio.openCertificateService(wanted.fulcio as string, options);
  }
  return fulcio.selectCertificateService(config as SigningConfig, needs.io.now(), options);
}

/** Nobody may have to sign in, so none is needed. */
function oidcIssuerOf(
  wanted: Asked,
  config: SigningConfig | undefined,
  { io, report }: PlanNeeds,
): string | undefined {
  if (wanted.kind === "urls") return wanted.oidc;
  if (!config || config.oidcUrls.length === 0) return undefined;
  try {
    const any = { selector: "ANY" } as const;
    const rules = { supportedVersions: [1], now: io.now() };
    return selectServices(config.oidcUrls, any, rules)[0]?.url;
  } catch (cause) {
    if (!(cause instanceof ServiceSelectionError)) throw cause;
    report.detail(`no identity provider to sign in at: ${cause.message}`);
    return undefined;
  }
}

interface Trust {
  readonly signingConfig?: SigningConfig;
  readonly trustedRoot?: Uint8Array;
  readonly trustedRootFile?: string;
}

async function readTrust(wanted: Asked, needs: PlanNeeds): Promise<Trust> {
  const { trustedRoot: file } = needs.flags;
  const ownRoot: Trust =
    file === undefined
      ? {}
      : {
          trustedRoot: await readWhole(file, "trusted root", trustBytesMax, needs),
          trustedRootFile: file,
        };
  if (wanted.kind === "urls") return ownRoot;
  if (wanted.kind === "config") {
    const bytes = await readWhole(wanted.file, "signing config", trustBytesMax, needs);
    return { ...ownRoot, signingConfig: decodeSigningConfig(bytes) };
  }
  const options = { offline: false, signingConfigTarget: TUF_SIGNING_CONFIG };
  const { signingConfig, trustedRoot, mirror } = await fetchTrustFiles(options, needs);
  if (signingConfig === undefined) {
    const hint = "pass --signing-config FILE, or the services' URLs";
    throw usageError(`${mirror} publishes no ${TUF_SIGNING_CONFIG}`, hint);
  }
  return { trustedRoot, ...ownRoot, signingConfig: decodeSigningConfig(signingConfig) };
}

/** cosign's older format holds one promise of a Rekor v1, no proof and no timestamp. */
function checkFormat(
  { logging: { logs }, timestampServices }: SigningPlan,
  { flags }: PlanNeeds,
): void {
  if (flags.newBundleFormat) return;
  const fits = logs.length <= 1 && logs.every(({ api }) => api === 1);
  if (!fits || timestampServices.length > 0) {
    throw usageError(
      `cosign's older format has no room for these ${fits ? "timestamps" : "log entries"}`,
      "leave --new-bundle-format=false away, or log to one Rekor v1",
    );
  }
  if (!flags.allowPending) return;
  throw usageError("cosign's older format cannot be completed", "leave --allow-pending away");
}
