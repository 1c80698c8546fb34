// SPDX-License-Identifier: Apache-2.0
import { homedir } from "node:os";
import type { VerificationFlags } from "../flags/index.ts";
import type { Invocation } from "../framework/index.ts";
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
  const { flags, io, report, signal } = invocation;
  if (flags.trustedRoot !== undefined) {
    return readWhole(flags.trustedRoot, "trusted root", trustedRootBytesMax, invocation);
  }
  const { fetchTrust, locationFromEnvironment } = await import("@chancery/verify/tuf");
  const location = await locationFromEnvironment(io.env, io.env["HOME"] || homedir());
  const result = await fetchTrust({
    ...location,
    now: io.now(),
    offline: flags.offline,
    cacheAgeMaxMs,
    signingConfigTarget: null,
    fetch: (input, init) => {
      const signals = [signal, ...(init?.signal ? [init.signal] : [])];
      return fetch(input, { ...init, signal: AbortSignal.any(signals) });
    },
  });
  report.detail(`trusted root of ${result.mirror}, from ${result.source}`);
  for (const { message } of result.notices) report.detail(message);
  return result.trustedRoot;
}
