// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { UserPasswdFlags } from "./user-passwd-action.ts";

export const userPasswd: Command = defineCommand<UserPasswdFlags>({
  name: "passwd",
  summary: "Give a user another password",
  arguments: [{ name: "EMAIL" }],
  flags: {
    data: {
      type: "text",
      value: "DIR",
      about: "data directory of chancery up",
      default: "chancery-data",
    },
    passwordFile: { type: "text", value: "FILE", about: "file with the password" },
  },
  examples: [
    {
      about: "Change Alice's password",
      line: "chancery user passwd alice@example.com --password-file password.txt",
    },
  ],
  load: async () => (await import("./user-passwd-action.ts")).userPasswdAction,
});
