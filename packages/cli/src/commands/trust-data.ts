// SPDX-License-Identifier: Apache-2.0
import { keyPasswordFrom, type StoppedStack } from "@chancery/server";
import type { Invocation } from "../framework/index.ts";
import { pathOf } from "../files/index.ts";

/** The stack whose data directory `--data` names. */
export async function stoppedStack({
  flags,
  io,
}: Pick<Invocation<{ readonly data: string }>, "flags" | "io">): Promise<StoppedStack> {
  return {
    dataDirectory: pathOf(io, flags.data),
    keyPassword: await keyPasswordFrom(io.env, (path) => pathOf(io, path)),
  };
}
