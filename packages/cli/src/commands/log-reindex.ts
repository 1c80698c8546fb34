// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogReindexFlags } from "./log-reindex-action.ts";

export const logReindex: Command = defineCommand<LogReindexFlags>({
  name: "reindex",
  summary: "Make the search index of a log anew",
  description:
    "Makes it from the entries and their notes. Where it is broken off the log does not open " +
    "before it has been run again. Nobody may serve the log meanwhile.",
  arguments: [{ name: "DIR" }],
  flags: {
    timeout: {
      type: "text",
      short: "t",
      value: "DURATION",
      about: "give up after this long; 0 never does",
      default: "0",
    },
  },
  examples: [{ about: "Repair the index of a log", line: "chancery log reindex stopped-data" }],
  load: async () => (await import("./log-reindex-action.ts")).logReindexAction,
});
