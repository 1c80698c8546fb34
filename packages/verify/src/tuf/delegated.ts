// SPDX-License-Identifier: Apache-2.0
import type { Metadata as TufMetadata, TargetFile, Targets } from "@tufjs/models";
import { type Metadata, type Session, updateTargets } from "./refresh.ts";

/** Roles that one search looks into, as in go-tuf, tuf-js and python-tuf. */
const rolesMax = 32;

/** A delegation that is still to be followed. */
interface Visit {
  readonly role: string;
  readonly delegator: string;
}

/**
 * Looks a target up, also in the roles that the targets role delegates to (specification 1.0,
 * §5.6.7): depth first, in the order of the delegations, no further than a terminating one. A role
 * that is reached a second time, from another one, is not visited again.
 *
 * @returns undefined where no role lists it.
 * @throws TufError, also where a role on the way cannot be had: the ones after it have less say
 */
export async function findTarget(
  session: Session,
  metadata: Metadata,
  path: string,
): Promise<TargetFile | undefined> {
  const { store } = metadata;
  const visits: Visit[] = [{ role: "targets", delegator: "root" }];
  const visited = new Set<string>();
  while (visits.length > 0 && visited.size < rolesMax) {
    const { role, delegator } = visits.shift() as Visit;
    if (visited.has(role)) continue;
    visited.add(role);
    const { signed } = await loadRole(session, metadata, { role, delegator });
    if (Object.hasOwn(signed.targets, path)) return signed.targets[path];
    const next: Visit[] = [];
    for (const child of signed.delegations?.rolesForTarget(path) ?? []) {
      next.push({ role: child.role, delegator: role });
      if (!child.terminating) continue;
      visits.length = 0;
      break;
    }
    visits.unshift(...next);
  }
  if (visited.size >= rolesMax && visits.some(({ role }) => store.getRole(role) === undefined)) {
    const message = `${rolesMax} roles were searched for ${path}, and there are more`;
    session.notices.push({ code: "delegations-limit", message });
  }
  return undefined;
}

/** A role, verified by whoever delegates to it here, whoever did so before. */
async function loadRole(
  session: Session,
  { store }: Metadata,
  { role, delegator }: Visit,
): Promise<TufMetadata<Targets>> {
  if (role !== "targets") {
    // The library reads no delegation to a role with the name of a top-level one.
    await updateTargets(session, store, role, delegator);
  }
  const loaded = store.getRole(role);
  if (!loaded) throw new Error("the role was loaded");
  return loaded;
}
