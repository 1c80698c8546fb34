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
    "SERVICE is rekor, ct, fulcio, tsa or tuf, or the name of one key, such as tuf-online, which " +
    "signs TUF's snapshot and timestamp. A log with a new key is another log: rekor and ct begin " +
    "one, and go on serving the old one to readers.",
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
