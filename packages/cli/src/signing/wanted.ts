// SPDX-License-Identifier: Apache-2.0
import { usageError } from "../framework/index.ts";
import type { PlanNeeds, ServiceUrls, Wanted } from "./plan.ts";

/** cosign's defaults of `--fulcio-url`, `--rekor-url` and `--oidc-issuer`. */
const publicServices = {
  fulcio: "https://fulcio.sigstore.dev",
  rekor: "https://rekor.sigstore.dev",
  oidc: "https://oauth2.sigstore.dev/auth",
} as const;

type Needs = Pick<PlanNeeds, "flags" | "given">;

/**
 * The services that the flags ask for. Flags mean what they mean in cosign, and exclude each other
 * as they do there. A key by itself asks for none; an identity for those that TUF names.
 * @throws CliError
 */
export function readWanted({ flags, given }: Needs): Wanted {
  const { signingConfig, useSigningConfig: byTuf, rekorVersion, rekorUrl } = flags;
  if (rekorVersion !== undefined && rekorUrl === undefined) {
    throw usageError("--rekor-version goes with --rekor-url", "a signing config says it itself");
  }
  if (signingConfig !== undefined && byTuf) {
    throw usageError(
      "--signing-config and --use-signing-config exclude each other",
      "leave --use-signing-config away: the file is used",
    );
  }
  const urls = givenUrls(flags);
  if (signingConfig !== undefined || byTuf) {
    checkNothingElse(urls, { flags, given });
    return signingConfig === undefined ? { kind: "tuf" } : { kind: "config", file: signingConfig };
  }
  const certified = flags.key === undefined || flags.issueCertificate;
  return certified ? forIdentity(urls, { flags, given }) : forKey(urls, { flags, given });
}

/** Whether the user said that nothing is to be logged. */
function refusesLog({ flags, given }: Needs): boolean {
  return given.has("tlogUpload") && !flags.tlogUpload;
}

function givenUrls(flags: Needs["flags"]): ServiceUrls {
  const { fulcioUrl, rekorUrl, rekorVersion, timestampServerUrl, oidcIssuer } = flags;
  return {
    ...(fulcioUrl === undefined ? {} : { fulcio: fulcioUrl }),
    ...(rekorUrl === undefined
      ? {}
      : { rekor: { url: rekorUrl, api: rekorVersion === "2" ? 2 : 1 } }),
    ...(timestampServerUrl === undefined ? {} : { timestamp: timestampServerUrl }),
    ...(oidcIssuer === undefined ? {} : { oidc: oidcIssuer }),
  };
}

function checkNothingElse(urls: ServiceUrls, needs: Needs): void {
  if (Object.keys(urls).length > 0) {
    const hint = "pass the URLs, or the signing config, which says where the services are";
    throw usageError("cannot specify service URLs and use signing config", hint);
  }
  if (!refusesLog(needs)) return;
  throw usageError(
    "--tlog-upload=false is not supported with --signing-config or --use-signing-config",
    "use a signing config without rekorTlogUrls, or leave it away: nothing is logged then",
  );
}

function forKey(urls: ServiceUrls, needs: Needs): Wanted {
  const { flags, given } = needs;
  const { rekor, timestamp } = urls;
  const stamped = timestamp === undefined ? {} : { timestamp };
  if (rekor && !refusesLog(needs)) return { kind: "urls", rekor, ...stamped };
  if (flags.tlogUpload && given.has("useSigningConfig")) {
    return { kind: "urls", rekor: { url: publicServices.rekor, api: 1 }, ...stamped };
  }
  if (flags.tlogUpload) {
    if (timestamp !== undefined) checkNothingElse({ timestamp }, needs);
    return { kind: "tuf" };
  }
  return timestamp === undefined ? { kind: "nothing" } : { kind: "urls", timestamp };
}

function forIdentity(urls: ServiceUrls, needs: Needs): Wanted {
  const { given } = needs;
  const unlogged = refusesLog(needs);
  if (given.has("useSigningConfig")) {
    const { fulcio, oidc } = publicServices;
    const rekor = { url: publicServices.rekor, api: 1 } as const;
    return { kind: "urls", fulcio, oidc, ...(unlogged ? {} : { rekor }), ...urls };
  }
  if (Object.keys(urls).length === 0) {
    checkNothingElse(urls, needs);
    return { kind: "tuf" };
  }
  // Those who name one service of their own do not mean the public ones with it.
  const missing = urls.fulcio === undefined ? "--fulcio-url" : "--rekor-url";
  if (urls.fulcio === undefined || (urls.rekor === undefined && !unlogged)) {
    throw usageError(
      `${missing} is missing beside the other services' URLs`,
      missing === "--fulcio-url"
        ? "pass --fulcio-url URL, or --use-signing-config=false for the public services"
        : "pass --rekor-url URL, or --tlog-upload=false to log nothing",
    );
  }
  const { rekor, ...others } = urls;
  return { kind: "urls", ...others, ...(rekor && !unlogged ? { rekor } : {}) };
}
