// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { UserRemoveFlags } from "./user-remove-action.ts";

export const userRemove: Command = defineCommand<UserRemoveFlags>({
  name: "remove",
  summary: "Remove a user or a machine",
  description:
    "Who is removed gets no more tokens; one that was given before ends within minutes. A user who " +
    "is added again is another one, with another subject.",
  arguments: [{ name: "NAME" }],
  flags: {
    data: {
      type: "text",
      value: "DIR",
      about: "data directory of chancery up",
      default: "chancery-data",
    },
    machine: { type: "boolean", about: "the argument names a machine" },
  },
  examples: [{ about: "Lock Alice out", line: "chancery user remove alice@example.com" }],
  load: async () => (await import("./user-remove-action.ts")).userRemoveAction,
});
