// SPDX-License-Identifier: Apache-2.0
import type { RolldownOptions } from "rolldown";

/** Fails a build by its first warning. */
export const failOnWarning: NonNullable<RolldownOptions["onLog"]> = (level, log, handle) => {
  // A service is loaded when it runs; where others name its module themselves, nothing is lost.
  if (log.code === "INEFFECTIVE_DYNAMIC_IMPORT") return;
  if (level === "warn") throw new Error(log.message);
  handle(level, log);
};
