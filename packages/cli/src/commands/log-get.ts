// SPDX-License-Identifier: Apache-2.0
import { logFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogGetFlags } from "./log-get-action.ts";

export const logGet: Command = defineCommand<LogGetFlags>({
  name: "get",
  summary: "Print an entry of a log, once it is verified",
  flags: {
    uuid: { type: "text", value: "ID", about: "the entry's id, of 64 or 80 hex digits" },
    logIndex: { type: "text", value: "N", about: "its index, instead of the id" },
    ...logFlags,
    format: {
      ...logFlags.format,
      about: "print as rekor-cli does: in words, as its json, or as bundles hold it",
      choices: ["default", "json", "tle"],
    },
  },
  examples: [
    {
      about: "Print the first entry",
      line: "chancery log get --rekor-server http://127.0.0.1:3000 --log-index 0",
    },
  ],
  load: async () => (await import("./log-get-action.ts")).logGetAction,
});
