// SPDX-License-Identifier: Apache-2.0
import type { Invocation } from "../framework/index.ts";
import { withStore } from "./user-store.ts";

export interface UserRemoveFlags {
  readonly data: string;
  readonly machine: boolean;
}

/** Removes a user or a machine client. */
export async function userRemoveAction(invocation: Invocation<UserRemoveFlags>): Promise<void> {
  const { args, flags, report } = invocation;
  const [name = ""] = args;
  withStore(invocation, (store) =>
    flags.machine ? store.removeMachineClient(name) : store.removeUser(name),
  );
  report.result({ removed: name });
  report.say(`${name} can no longer sign in`);
}
