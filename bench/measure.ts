// SPDX-License-Identifier: Apache-2.0
// How long things take, on machines that others use too: contenders take turns within one run, CPU
// time counts rather than the clock's, and the best round is reported beside the median one.

/** Costs of one operation in microseconds of CPU. */
export interface Cost {
  readonly best: number;
  readonly median: number;
}

export interface MeasureOptions {
  readonly rounds: number;
  /** How long one contender's turn in a round lasts, about. */
  readonly turnMs: number;
}

const usual: MeasureOptions = { rounds: 15, turnMs: 60 };

/**
 * Measures synchronous operations side by side.
 * @returns costs under the same names.
 */
export function measure<Name extends string>(
  contenders: Readonly<Record<Name, () => void>>,
  options: MeasureOptions = usual,
): Record<Name, Cost> {
  const entries = Object.entries<() => void>(contenders) as [Name, () => void][];
  const turns = entries.map(([name, operation]) => ({
    name,
    operation,
    count: warmUp(operation, options.turnMs),
    costs: [] as number[],
  }));
  for (let round = 0; round < options.rounds; round++) {
    for (const { operation, count, costs } of turns) {
      const before = process.cpuUsage();
      for (let index = 0; index < count; index++) operation();
      const { user, system } = process.cpuUsage(before);
      costs.push((user + system) / count);
    }
  }
  return Object.fromEntries(turns.map(({ name, costs }) => [name, summary(costs)])) as Record<
    Name,
    Cost
  >;
}

/** The best and the median of several. */
export function summary(values: readonly number[]): Cost {
  const sorted = values.toSorted((a, b) => a - b);
  const [best = Number.NaN] = sorted;
  return { best, median: sorted[sorted.length >> 1] ?? Number.NaN };
}

/** Runs an operation until it is compiled; answers how often it fits into a turn. */
function warmUp(operation: () => void, turnMs: number): number {
  const until = performance.now() + Math.max(300, turnMs * 3);
  let count = 0;
  let started = performance.now();
  while (performance.now() < until) {
    // What was first is slow and not to be counted.
    if (count === 3) started = performance.now();
    operation();
    count++;
  }
  const each = (performance.now() - started) / Math.max(1, count - 3);
  return Math.max(3, Math.round(turnMs / each));
}
