// SPDX-License-Identifier: Apache-2.0
import { homedir } from "node:os";
import type { TufResult } from "@chancery/verify/tuf";
import type { VerificationFlags } from "../flags/index.ts";
import type { Invocation, Io } from "../framework/index.ts";
import { readWhole } from "../files/index.ts";

/** Trusted roots are below 100 kB. */
const trustedRootBytesMax = 16 << 20;

/** How long a cached trusted root serves without the mirror being asked. */
const cacheAgeMaxMs = 24 * 3_600_000;

/**
 * The trusted root: the file of `--trusted-root`, else what TUF has; offline only from its cache.
 * To be called where one is needed, and only there: it may use the network.
 * @throws CliError | TufError
 */
export async function loadTrustedRoot(
  invocation: Pick<Invocation<VerificationFlags>, "flags" | "io" | "report" | "signal">,
): Promise<Uint8Array> {
  const { flags } = invocation;
  if (flags.trustedRoot !== undefined) {
    return readWhole(flags.trustedRoot, "trusted root", trustedRootBytesMax, invocation);
  }
  const options = { offline: flags.offline, signingConfigTarget: null };
  return (await fetchTrustFiles(options, invocation)).trustedRoot;
}

/**
 * What the repository that the user has chosen publishes, by TUF.
 * @param options.signingConfigTarget which target is the signing config; null where none is wanted.
 * @throws TufError
 */
export async function fetchTrustFiles(
  options: { readonly offline: boolean; readonly signingConfigTarget: string | null },
  { io, report, signal }: Pick<Invocation<unknown>, "io" | "report" | "signal">,
): Promise<TufResult> {
  const { fetchTrust, locationFromEnvironment } = await import("@chancery/verify/tuf");
  const location = await locationFromEnvironment(io.env, homeOf(io));
  const fetch = fetchUntil(signal);
  const result = await fetchTrust({ ...location, ...options, now: io.now(), cacheAgeMaxMs, fetch });
  report.detail(`trust of ${result.mirror}, from ${result.source}`);
  for (const { message } of result.notices) report.detail(message);
  return result;
}

/** The user's folder, where the cache is. */
export function homeOf(io: Io): string {
  return io.env["HOME"] || homedir();
}

/** `fetch` that ends when the command's time has passed. */
export function fetchUntil(signal: AbortSignal): typeof fetch {
  return (input, init) => {
    const signals = [signal, ...(init?.signal ? [init.signal] : [])];
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  };
}
