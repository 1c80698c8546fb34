// SPDX-License-Identifier: Apache-2.0
import { whileStopped } from "./directory-lock.ts";
import { StackError } from "./errors.ts";
import { beginGenerations, type Generation } from "./generations.ts";
import { stackServices } from "./services/registry.ts";
import type { StackService } from "./services/service.ts";

/** What `trust rotate` can be asked for: names of services, and of single keys of theirs. */
function rotatable(services: readonly StackService[] = stackServices): readonly string[] {
  const names = services.flatMap(({ name, generations = [] }) =>
    generations.length === 0 ? [] : [name, ...generations],
  );
  return [...new Set(names)];
}

/**
 * Replaces the keys of a service in a data directory that no stack has open. This writes down that
 * the next generation begins now; the next start makes it and tells clients of both, the old one
 * with the end of its time, so that what it signed goes on verifying.
 *
 * @param what a name of `rotatable`.
 * @throws StackError `configuration` | `in-use` | `identity` where there is no stack | `key`
 */
export async function rotateKeys(
  dataDirectory: string,
  what: string,
  now: Date,
  services: readonly StackService[] = stackServices,
): Promise<readonly Generation[]> {
  const names = services.flatMap(({ name, generations = [] }) =>
    generations.filter((generation) => what === name || what === generation),
  );
  if (names.length === 0) {
    const known = rotatable(services).join(", ");
    const message = `${JSON.stringify(what)} cannot be replaced; these can: ${known}`;
    throw new StackError("configuration", message);
  }
  const checks = services.filter(({ generations = [] }) =>
    generations.some((generation) => names.includes(generation)),
  );
  return whileStopped(dataDirectory, async () => {
    for (const service of checks) await service.checkRotation?.(dataDirectory, names);
    return beginGenerations(dataDirectory, names, now);
  });
}
