// SPDX-License-Identifier: Apache-2.0
import { hashPassword } from "@chancery/server";
import type { Invocation } from "../framework/index.ts";
import { newUserPassword, withStore } from "./user-store.ts";

export interface UserPasswdFlags {
  readonly data: string;
  readonly passwordFile?: string;
}

/** Replaces the password of a user; sign-ins that are over stay what they are. */
export async function userPasswdAction(invocation: Invocation<UserPasswdFlags>): Promise<void> {
  const [email = ""] = invocation.args;
  const password = await newUserPassword(invocation, invocation.flags.passwordFile);
  const hash = await hashPassword(password);
  withStore(invocation, (store) => store.setPassword(email, hash));
  invocation.report.result({ email });
  invocation.report.say(`${email} has another password`);
}
