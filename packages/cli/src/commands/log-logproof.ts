// SPDX-License-Identifier: Apache-2.0
import { logFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogLogproofFlags } from "./log-logproof-action.ts";

export const logLogproof: Command = defineCommand<LogLogproofFlags>({
  name: "logproof",
  summary: "Print a proof that a log only grew",
  description: "Prints what the log answers. loginfo verifies such a proof.",
  flags: {
    firstSize: { type: "text", value: "N", about: "size of the older tree", default: "1" },
    lastSize: { type: "text", value: "N", about: "size of the newer tree" },
    treeId: { type: "text", value: "ID", about: "tree, where it is not the active one" },
    ...logFlags,
  },
  examples: [
    {
      about: "Print how a tree of one entry grew to two",
      line: "chancery log logproof --rekor-server http://127.0.0.1:3000 --last-size 2",
    },
  ],
  load: async () => (await import("./log-logproof-action.ts")).logLogproofAction,
});
