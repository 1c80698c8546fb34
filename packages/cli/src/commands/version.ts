// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { VersionFlags } from "./version-action.ts";

export const version: Command = defineCommand<VersionFlags>({
  name: "version",
  summary: "Print the version",
  flags: { json: { type: "boolean", about: "the same as --output json" } },
  examples: [
    { about: "Print the version", line: "chancery version" },
    { about: "Print it for a program", line: "chancery version --json" },
  ],
  load: async () => (await import("./version-action.ts")).versionAction,
});
