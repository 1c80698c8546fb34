// SPDX-License-Identifier: Apache-2.0
import type { Sink } from "./io.ts";

/** Colours where they are wanted, the text alone elsewhere. */
export type Paint = Readonly<Record<keyof typeof codes, (text: string) => string>>;

/** SGR parameters: on, off. */
const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
} as const;

/**
 * Colour only on terminals; `NO_COLOR` (no-color.org) turns it off, `FORCE_COLOR` on, and empty
 * values of either count as unset. `FORCE_COLOR=0` is off, as in Node.
 */
export function painter(sink: Sink, env: Readonly<Record<string, string | undefined>>): Paint {
  const forced = env["FORCE_COLOR"];
  const on = env["NO_COLOR"]
    ? false
    : forced
      ? forced !== "0" && forced !== "false"
      : sink.isTTY && env["TERM"] !== "dumb";
  const style =
    ([start, end]: readonly [number, number]) =>
    (text: string): string =>
      on && text !== "" ? `\u001b[${start}m${text}\u001b[${end}m` : text;
  return {
    bold: style(codes.bold),
    dim: style(codes.dim),
    red: style(codes.red),
    green: style(codes.green),
    yellow: style(codes.yellow),
  };
}
