// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogExportFlags } from "./log-export-action.ts";

export const logExport: Command = defineCommand<LogExportFlags>({
  name: "export",
  summary: "Write a log as files that any web server can serve",
  description:
    "Writes checkpoint, tiles and entries (C2SP tlog-tiles). Exporting into the same folder again " +
    "adds what is new. Of a mirror that is not whole yet, what is verified is written, without " +
    "a checkpoint. Nobody may serve the log meanwhile.",
  arguments: [{ name: "DIR" }, { name: "OUT" }],
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
  examples: [
    { about: "Export a log that was stopped", line: "chancery log export stopped-data public" },
  ],
  load: async () => (await import("./log-export-action.ts")).logExportAction,
});
