// SPDX-License-Identifier: Apache-2.0
import { type Invocation, printable } from "../framework/index.ts";
import { withStore } from "./user-store.ts";

export interface UserListFlags {
  readonly data: string;
}

/** Lists who may sign in, a line for each. */
export async function userListAction(invocation: Invocation<UserListFlags>): Promise<void> {
  const [users, machines] = withStore(invocation, (store) => [
    store.users().map(({ id, email, created }) => ({ id, email, created: created.toISOString() })),
    store.machineClients().map(({ id, email, created }) => ({
      id,
      ...(email === undefined ? {} : { email }),
      created: created.toISOString(),
    })),
  ]);
  const lines = [
    ...users.map(({ email, created }) => `user     ${created}  ${printable(email)}\n`),
    ...machines.map(({ id, created }) => `machine  ${created}  ${printable(id)}\n`),
  ];
  invocation.report.result({ users, machines }, lines.join(""));
}
