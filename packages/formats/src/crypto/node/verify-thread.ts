// SPDX-License-Identifier: Apache-2.0
// A thread that verifies signatures: started by `verify-in-pool`, answers batches in their order.
import { parentPort } from "node:worker_threads";
import { runChecks } from "./verify-batch.ts";

parentPort?.on("message", (packed: ArrayBuffer) => {
  const { buffer } = runChecks(packed);
  parentPort?.postMessage(buffer, [buffer]);
});
