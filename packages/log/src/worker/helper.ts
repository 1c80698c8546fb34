// SPDX-License-Identifier: Apache-2.0
// The second thread of a log: it writes objects and merges runs of the search index. Writing a file
// takes six steps of the event loop, and in the engine's thread each would wait for a commit.
import type { MessagePort } from "node:worker_threads";
import { LogError } from "../errors.ts";
import type { RunReference } from "../record/index.ts";
import { mergeRuns } from "../search/index.ts";
import { type ObjectStore, openObjects, type StoredObject } from "../store/index.ts";
import { type PlainError, plainError } from "./messages.ts";

/** What the helper is asked. */
export type HelperTask =
  | { readonly type: "put"; readonly objects: readonly StoredObject[] }
  | { readonly type: "remove"; readonly names: readonly string[] }
  | { readonly type: "merge"; readonly runs: readonly RunReference[] };

/** To the helper. `stop` ends the merge that is under way. */
export type HelperRequest =
  | { readonly type: "task"; readonly id: number; readonly task: HelperTask }
  | { readonly type: "stop" };

/** From the helper: what a merge led to, nothing for the rest. */
export type HelperReply =
  | { readonly id: number; readonly merged: RunReference | undefined }
  | { readonly id: number; readonly error: PlainError };

/** Does what is asked, in the objects of an embedded store's folder. */
export function serveHelper(port: MessagePort, folder: string): void {
  const objects = openObjects(folder);
  const stop = new AbortController();
  port.on("message", (request: HelperRequest) => {
    if (request.type === "stop") stop.abort();
    else void answer(request.id, request.task);
  });
  const answer = async (id: number, task: HelperTask): Promise<void> => {
    let reply: HelperReply;
    try {
      reply = { id, merged: await perform(await objects, task, stop.signal) };
    } catch (cause) {
      reply = { id, error: plainError(cause) };
    }
    port.postMessage(reply);
  };
}

async function perform(
  objects: ObjectStore,
  task: HelperTask,
  signal: AbortSignal,
): Promise<RunReference | undefined> {
  switch (task.type) {
    case "put":
      await objects.put(task.objects);
      return undefined;
    case "remove":
      await objects.remove(task.names);
      return undefined;
    case "merge":
      if (signal.aborted) throw new LogError("stopped", "the log is closed");
      return mergeRuns(objects, task.runs, signal);
  }
}
