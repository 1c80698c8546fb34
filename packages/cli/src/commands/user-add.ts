// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { UserAddFlags } from "./user-add-action.ts";

export const userAdd: Command = defineCommand<UserAddFlags>({
  name: "add",
  summary: "Add a user, or a machine with a secret of its own",
  description:
    "A user signs in with an e-mail address and a password, which is CHANCERY_USER_PASSWORD, or in " +
    "--password-file, or asked for. A machine signs in with a secret, which is printed once and " +
    "kept as a hash. Works while chancery up runs.",
  arguments: [{ name: "EMAIL" }],
  flags: {
    data: {
      type: "text",
      value: "DIR",
      about: "data directory of chancery up",
      default: "chancery-data",
    },
    passwordFile: { type: "text", value: "FILE", about: "file with the password" },
    machine: { type: "boolean", about: "the argument names a machine, such as ci-builder" },
    email: { type: "text", value: "EMAIL", about: "address in the tokens of the machine" },
  },
  examples: [
    {
      about: "Let Bob sign in",
      line: "chancery user add bob@example.com --password-file password.txt",
    },
    { about: "Let a build machine sign in", line: "chancery user add ci-builder --machine" },
  ],
  load: async () => (await import("./user-add-action.ts")).userAddAction,
});
