// SPDX-License-Identifier: Apache-2.0
import { styleText } from "node:util";

const width = 100;

/** A long command over several lines, as a shell takes it. */
export function folded(command: string): string {
  if (command.length + 4 <= width) return command;
  const lines: string[] = [];
  for (const part of command.split(/ (?=--)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 8 <= width)
      lines.push(`${lines.pop()} ${part}`);
    else lines.push(part);
  }
  return lines.join(" \\\n      ");
}

/** Colours on terminals only. */
export function paint(style: "bold" | "dim" | "cyan", text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Text of a command, set in under it. */
export function showOutput(text: string): void {
  if (text.trim() !== "") console.log(text.trimEnd().replaceAll(/^(?=.)/gm, "  "));
}
