// SPDX-License-Identifier: Apache-2.0
import type { Group } from "../framework/index.ts";
import { userAdd } from "./user-add.ts";
import { userList } from "./user-list.ts";
import { userPasswd } from "./user-passwd.ts";
import { userRemove } from "./user-remove.ts";

export const user: Group = {
  name: "user",
  summary: "Say who may sign in at the identity provider of chancery up",
  commands: [userAdd, userList, userPasswd, userRemove],
};
