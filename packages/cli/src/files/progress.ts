// SPDX-License-Identifier: Apache-2.0
import type { Io } from "../framework/index.ts";

/** Work that takes less is not worth a line. */
const showAfterMs = 500;
const redrawMs = 100;
const barCells = 24;

export interface Progress {
  /** Called with what has been done so far. */
  readonly update: (bytesDone: number) => void;
  /** Takes the line away. */
  readonly end: () => void;
}

/** One line on standard error that shows how far long work has come; nothing off terminals. */
export function startProgress(io: Io, label: string, totalBytes: number | undefined): Progress {
  const { stderr } = io;
  if (!stderr.isTTY) return { update: () => undefined, end: () => undefined };
  const startMs = performance.now();
  let drawnMs = startMs + showAfterMs - redrawMs;
  let drawn = false;
  return {
    update(bytesDone) {
      const nowMs = performance.now();
      if (nowMs - drawnMs < redrawMs) return;
      drawnMs = nowMs;
      drawn = true;
      stderr.write(`\r\u001b[K${line(label, bytesDone, totalBytes, nowMs - startMs)}`);
    },
    end() {
      if (drawn) stderr.write("\r\u001b[K");
    },
  };
}

function line(
  label: string,
  bytesDone: number,
  totalBytes: number | undefined,
  elapsedMs: number,
): string {
  const rate = `${(bytesDone / 1048.576 / Math.max(elapsedMs, 1)).toFixed(0)} MiB/s`;
  if (!totalBytes) return `${label} ${mebibytes(bytesDone)} ${rate}`;
  const share = Math.min(bytesDone / totalBytes, 1);
  const full = Math.round(share * barCells);
  const bar = "█".repeat(full) + "░".repeat(barCells - full);
  return `${label} ${bar} ${Math.floor(share * 100)} % of ${mebibytes(totalBytes)} ${rate}`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(0)} MiB`;
}
