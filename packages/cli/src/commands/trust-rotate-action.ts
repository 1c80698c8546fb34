// SPDX-License-Identifier: Apache-2.0
import { rotateKeys } from "@chancery/server";
import type { Invocation } from "../framework/index.ts";
import { pathOf } from "../files/index.ts";

export interface TrustRotateFlags {
  readonly data: string;
}

/** Begins the next generation of a service's keys. */
export async function trustRotateAction(invocation: Invocation<TrustRotateFlags>): Promise<void> {
  const { args, flags, io, report } = invocation;
  const [service = ""] = args;
  const begun = await rotateKeys(pathOf(io, flags.data), service, io.now());
  const keys = begun.map(({ name }) => name);
  report.result({ service, keys });
  for (const key of keys) report.say(`${key} takes over`);
  report.say("Start chancery up: it makes the key, and tells clients of it");
}
