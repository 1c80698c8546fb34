// SPDX-License-Identifier: Apache-2.0
import { logFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogLoginfoFlags } from "./log-loginfo-action.ts";

export const logLoginfo: Command = defineCommand<LogLoginfoFlags>({
  name: "loginfo",
  summary: "Print the state of a log, once it is verified",
  description:
    "Verifies the heads of its trees, and that they only grew since they were seen last.",
  flags: logFlags,
  examples: [
    {
      about: "Print the state of a log",
      line: "chancery log loginfo --rekor-server http://127.0.0.1:3000",
    },
  ],
  load: async () => (await import("./log-loginfo-action.ts")).logLoginfoAction,
});
