// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";

export const completion: Command = defineCommand<object>({
  name: "completion",
  summary: "Print a script that completes commands and flags in a shell",
  description: "SHELL is bash, zsh, fish or powershell.",
  arguments: [{ name: "SHELL" }],
  flags: {},
  examples: [
    { about: "Complete in this bash", line: 'eval "$(chancery completion bash)"' },
    { about: "Complete in every zsh", line: "chancery completion zsh > _chancery" },
  ],
  load: async () => (await import("./completion-action.ts")).completionAction,
});
