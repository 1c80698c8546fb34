// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { EnvFlags } from "./env-action.ts";

export const env: Command = defineCommand<EnvFlags>({
  name: "env",
  summary: "Print the environment variables that change what commands do",
  description:
    "Beside those listed, CHANCERY_<FLAG> or COSIGN_<FLAG> sets a flag of the commands that have " +
    "it: CHANCERY_KEY is --key. Variables of cosign that have no effect here are listed as such.",
  flags: {
    showDescriptions: { type: "boolean", about: "say what they are for", default: true },
    showSensitiveValues: { type: "boolean", about: "print passwords and tokens as they are" },
  },
  examples: [
    { about: "See what is set", line: "chancery env --show-descriptions=false" },
    { about: "Learn what there is", line: "chancery env" },
  ],
  load: async () => (await import("./env-action.ts")).envAction,
});
