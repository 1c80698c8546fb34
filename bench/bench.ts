// SPDX-License-Identifier: Apache-2.0

/** One figure, beside a peer's or the physical limit's of the same run. */
export interface Figure {
  /** Such as `verify/happy-path-v0.3`. */
  readonly bench: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number;
  readonly peer_name: string;
  /** How many times better ours is; below 1 the peer is better. */
  readonly ratio: number;
  /** Median of ours where `ours` is the best round. */
  readonly median?: number;
  readonly note?: string;
}

/** How to measure. */
export interface RunOptions {
  /** Also what takes many minutes and much room on the disk. */
  readonly large: boolean;
}

/** Something to measure. */
export interface Bench {
  readonly name: string;
  readonly what: string;
  /** @throws Error that says what is missing, such as vectors or a peer */
  run(options: RunOptions): Promise<Figure[]> | Figure[];
  /** What else is written with the figures. */
  more?(figures: readonly Figure[]): More;
}

/** Goes beside the rows of figures. */
export interface More {
  /** Under the rows, as Markdown. */
  readonly markdown: string;
  /** Files beside RESULTS.md, by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** A figure where less is better, such as microseconds or bytes. */
export function lessIsBetter(figure: Omit<Figure, "ratio">): Figure {
  return { ...figure, ratio: round(figure.peer / figure.ours) };
}

/** A figure where more is better, such as a rate. */
export function moreIsBetter(figure: Omit<Figure, "ratio">): Figure {
  return { ...figure, ratio: round(figure.ours / figure.peer) };
}

/** Three significant digits. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}
