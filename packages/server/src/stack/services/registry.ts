// SPDX-License-Identifier: Apache-2.0
import { StackError } from "../errors.ts";
import { ct } from "./ct.ts";
import { fulcio } from "./fulcio.ts";
import { idp } from "./idp.ts";
import { rekor } from "./rekor.ts";
import type { StackService } from "./service.ts";
import { tsa } from "./tsa.ts";
import { tuf } from "./tuf.ts";

/** Every service of the stack, in the order in which they open: each may use those before it. */
export const stackServices: readonly StackService[] = [rekor, tsa, ct, idp, fulcio, tuf];

/**
 * The services to run, in the registry's order.
 * @param only their names; undefined for all. @throws StackError `configuration`
 */
export function selectServices(
  only: readonly string[] | undefined,
  services: readonly StackService[] = stackServices,
): readonly StackService[] {
  const names = services.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const message = `only: ${JSON.stringify(unknown)} is no service; there are ${names.join(", ")}`;
    throw new StackError("configuration", message);
  }
  return only ? services.filter(({ name }) => only.includes(name)) : services;
}
