// SPDX-License-Identifier: Apache-2.0
import { RekorV1Client } from "@chancery/sign/rekor";
import type { LogFlags } from "../flags/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";
import { fetchUntil } from "../verification/index.ts";

const retriesMax = 100;

/** The log of `--rekor-server`. @throws CliError | SignError */
export function openClient({
  flags,
  signal,
}: Pick<Invocation<LogFlags>, "flags" | "signal">): RekorV1Client {
  const { rekorServer, retry } = flags;
  if (!/^[0-9]{1,3}$/.test(retry) || Number(retry) > retriesMax) {
    throw usageError(`--retry is ${JSON.stringify(retry)}, not a number from 0 to ${retriesMax}`);
  }
  const attemptsMax = 1 + Number(retry);
  return new RekorV1Client(rekorServer.replace(/\/+$/, ""), {
    fetch: fetchUntil(signal),
    signal,
    attemptsMax,
  });
}
