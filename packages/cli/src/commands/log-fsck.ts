// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogFsckFlags } from "./log-fsck-action.ts";

export const logFsck: Command = defineCommand<LogFsckFlags>({
  name: "fsck",
  summary: "Prove a log in a directory from its entries up",
  description:
    "Hashes every entry, makes every tile anew and compares it, leads to the signed root, and " +
    "holds attestations and the search index to the entries. Changes nothing. Nobody may serve the log meanwhile. " +
    "Ends with 1 where something is wrong, and says where.",
  arguments: [{ name: "DIR" }],
  flags: {
    vkey: {
      type: "text",
      value: "VKEY",
      about: "the log's verifier key, where the directory is not to be believed",
    },
    timeout: {
      type: "text",
      short: "t",
      value: "DURATION",
      about: "give up after this long; 0 never does",
      default: "0",
    },
  },
  examples: [{ about: "Check a log that was stopped", line: "chancery log fsck stopped-data" }],
  load: async () => (await import("./log-fsck-action.ts")).logFsckAction,
});
