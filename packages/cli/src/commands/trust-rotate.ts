// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import { dataFlag } from "./trust-flags.ts";
import type { TrustRotateFlags } from "./trust-rotate-action.ts";

export const trustRotate: Command = defineCommand<TrustRotateFlags>({
  name: "rotate",
  summary: "Replace the keys of a service",
  description:
    "The next start of chancery up makes the new key and what goes with it, and tells clients of " +
    "both by TUF: the old key with the end of its time, so that what it signed goes on verifying. " +
    "SERVICE is the name of a service, such as tsa, or of one key, such as tuf-online, which signs " +
    "TUF's snapshot and timestamp.",
  arguments: [{ name: "SERVICE" }],
  flags: { data: dataFlag },
  examples: [
    {
      about: "Replace the key that signs timestamps",
      line: "chancery trust rotate tsa --data stopped-data",
    },
  ],
  load: async () => (await import("./trust-rotate-action.ts")).trustRotateAction,
});
