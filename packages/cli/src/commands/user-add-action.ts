// SPDX-License-Identifier: Apache-2.0
import { hashPassword } from "@chancery/server";
import { type Invocation, usageError } from "../framework/index.ts";
import { newUserPassword, withStore } from "./user-store.ts";

export interface UserAddFlags {
  readonly data: string;
  readonly passwordFile?: string;
  readonly machine: boolean;
  readonly email?: string;
}

/** Adds a user or a machine client. */
export async function userAddAction(invocation: Invocation<UserAddFlags>): Promise<void> {
  const { args, flags, report } = invocation;
  const [name = ""] = args;
  const { machine, email, passwordFile } = flags;
  if (machine) {
    if (passwordFile !== undefined) throw usageError("--password-file: a machine gets a secret");
    const secret = withStore(invocation, (store) => store.addMachineClient(name, email));
    report.result({ client: name, secret }, `${secret}\n`);
    report.say("This is the secret of the machine; it is not shown again.");
    return;
  }
  if (email !== undefined) throw usageError("--email: a user's address is the argument");
  const hash = await hashPassword(await newUserPassword(invocation, passwordFile));
  const { id } = withStore(invocation, (store) => store.addUser(name, hash));
  report.result({ email: name, id });
  report.say(`${name} can sign in`);
}
