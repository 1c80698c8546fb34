// SPDX-License-Identifier: Apache-2.0
// Tries kinds of faults at points spread over a history, and counts.
import { randomSource } from "../random-source.ts";
import type { FaultKind, FaultWorld } from "./fault-world.ts";

/** What the tries of one kind of fault came to. Every promise was kept. */
export interface FaultCounts {
  readonly tries: number;
  /** Places that there are for the fault. */
  readonly points: number;
  /** Entries that were acknowledged, in all tries. */
  readonly acknowledged: number;
  /** How processes ended, and how often. */
  readonly ends: Map<string, number>;
  /** What was hit, and how often. */
  readonly hits: Map<string, number>;
}

/**
 * @param rounds tries, each at a point of its own; from as many as there are points on, all of them
 * @throws at the first promise that was not kept
 */
export async function tryFaults(
  world: FaultWorld,
  kind: FaultKind,
  { rounds, seed }: { readonly rounds: number; readonly seed: number },
): Promise<FaultCounts> {
  const random = randomSource(seed);
  const points = world.points(kind);
  const tries = Math.min(rounds, points);
  const ends = new Map<string, number>();
  const hits = new Map<string, number>();
  let acknowledged = 0;
  for (let i = 0; i < tries; i++) {
    // One in each of equal parts.
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * points) / tries)) as [number, number];
    const outcome = await world.try(kind, from + random(to - from), random(1 << 30));
    acknowledged += outcome.acknowledged;
    ends.set(outcome.end, (ends.get(outcome.end) ?? 0) + 1);
    hits.set(outcome.hit, (hits.get(outcome.hit) ?? 0) + 1);
  }
  return { tries, points, acknowledged, ends, hits };
}
