// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { UserListFlags } from "./user-list-action.ts";

export const userList: Command = defineCommand<UserListFlags>({
  name: "list",
  summary: "List users and machines",
  flags: {
    data: {
      type: "text",
      value: "DIR",
      about: "data directory of chancery up",
      default: "chancery-data",
    },
  },
  examples: [{ about: "Show who may sign in", line: "chancery user list" }],
  load: async () => (await import("./user-list-action.ts")).userListAction,
});
