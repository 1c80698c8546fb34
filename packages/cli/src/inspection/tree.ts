// SPDX-License-Identifier: Apache-2.0
import { printable } from "../framework/index.ts";

/** A line of a tree and the lines below it. */
export interface Branch {
  readonly label: string;
  readonly value?: string | undefined;
  readonly below?: readonly Branch[] | undefined;
}

/** Draws branches with their values made safe to print; those without value and children vanish. */
export function drawTree(branches: readonly (Branch | undefined)[], indent = ""): string[] {
  const shown = branches.filter(
    (branch) => branch !== undefined && (branch.value !== undefined || hasChildren(branch)),
  ) as Branch[];
  return shown.flatMap(({ label, value, below }, i) => {
    const last = i === shown.length - 1;
    const text = value === undefined || value === "" ? "" : `: ${printable(value)}`;
    const line = `${indent}${last ? "└─" : "├─"} ${printable(label)}${text}`;
    return [line, ...drawTree(below ?? [], `${indent}${last ? "  " : "│ "} `)];
  });
}

function hasChildren({ below }: Branch): boolean {
  return below !== undefined && below.length > 0;
}
