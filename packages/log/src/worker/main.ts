// SPDX-License-Identifier: Apache-2.0
// The thread that has the engine: started by `openLog`, one for each log. Its I/O is synchronous
// where it commits, so that nothing else waits in a queue before an fsync or behind one. The same
// module is the thread that helps it, so that bundles have one file to place.
import { parentPort, workerData } from "node:worker_threads";
import { privateKeyFromPkcs8, wipe } from "@chancery/formats/crypto/node";
import type { NoteSignature } from "@chancery/formats/note";
import { type CheckpointSigner, LogEngine, signerWithKey } from "../engine/index.ts";
import { LogError } from "../errors.ts";
import { EmbeddedStore, type LogStore } from "../store/index.ts";
import { HelpedObjects } from "./helped-objects.ts";
import { serveHelper } from "./helper.ts";
import {
  type Call,
  type HelperStart,
  packItems,
  plainError,
  type Reply,
  type Request,
  unpackEntries,
  type WorkerStart,
} from "./messages.ts";

const port = parentPort;
if (port) {
  const start = workerData as WorkerStart | HelperStart;
  if ("helps" in start) serveHelper(port, start.helps);
  else await serve(start);
}

async function serve(start: WorkerStart): Promise<void> {
  const signatures = new Map<number, (answer: NoteSignature | LogError) => void>();
  let store: LogStore | undefined;
  let engine: LogEngine;
  // Signing may be asked of the other side while the log is opened.
  const waiting: Request[] = [];
  let handle = (request: Request): void => void waiting.push(request);
  port?.on("message", (request: Request) => {
    if (request.type === "signed") signatures.get(request.id)?.(request.signature);
    else if (request.type === "not-signed") {
      signatures.get(request.id)?.(new LogError("storage", request.problem));
    } else handle(request);
  });
  try {
    const { url, folder } = start;
    const embedded = await EmbeddedStore.open(folder);
    const objects = new HelpedObjects({ objects: embedded.objects, folder, url: new URL(url) });
    store = helped(embedded, objects);
    engine = await LogEngine.open({
      store,
      merge: (runs, signal) => objects.merge(runs, signal),
      origin: start.origin,
      format: start.format,
      signer: signerOf(start, signatures),
      now: Date.now,
      seen: start.seen,
      limits: start.limits,
      onError: (error) => send({ type: "problem", error: plainError(error) }),
    });
  } catch (cause) {
    await store?.close();
    send({ type: "failed", id: undefined, error: plainError(cause) });
    port?.close();
    return;
  }
  handle = (request) => void answer(engine, request);
  send({ type: "open", head: engine.reader.head() });
  for (const request of waiting) handle(request);
}

async function answer(engine: LogEngine, request: Request): Promise<void> {
  try {
    if (request.type === "append") {
      const { head, items } = await engine.append(unpackEntries(request.entries));
      const packed = packItems(items);
      send({ type: "appended", id: request.id, head, items: packed }, [packed]);
    } else if (request.type === "call") {
      const value = await ask(engine, request.call);
      send({ type: "result", id: request.id, value });
      if (request.call.method === "close") port?.close();
    }
  } catch (cause) {
    send({ type: "failed", id: request.id, error: plainError(cause) });
  }
}

/** The store with its objects written by a second thread. */
function helped(store: LogStore, objects: HelpedObjects): LogStore {
  return {
    load: () => store.load(),
    commit: (commit) => store.commit(commit),
    advance: (body, dropEndingAt) => store.advance(body, dropEndingAt),
    objects,
    published: () => store.published(),
    publish: (checkpoint) => store.publish(checkpoint),
    close: async () => {
      await objects.close();
      await store.close();
    },
  };
}

function ask(engine: LogEngine, call: Call): unknown {
  const { reader } = engine;
  switch (call.method) {
    case "tile":
      return reader.tile(call);
    case "bundle":
      return reader.bundle(call);
    case "entry":
      return reader.entry(call.index);
    case "attachment":
      return reader.attachment(call.index);
    case "leafHash":
      return reader.leafHash(call.index);
    case "rootAt":
      return reader.rootAt(call.index);
    case "keepBlob":
      return engine.keepBlob(call.bytes);
    case "blob":
      return reader.blob(call.digest);
    case "indexOf":
      return reader.indexOf(call.leafHash);
    case "inclusionProof":
      return reader.inclusionProof(call.index, call.size);
    case "consistencyProof":
      return reader.consistencyProof(call.oldSize, call.newSize);
    case "search":
      return reader.search(call.key, call);
    case "metrics":
      return engine.metrics;
    case "close":
      return engine.close();
  }
}

function signerOf(
  { signer, format }: WorkerStart,
  signatures: Map<number, (answer: NoteSignature | LogError) => void>,
): CheckpointSigner {
  if ("pkcs8" in signer) {
    const key = privateKeyFromPkcs8(signer.pkcs8);
    wipe(signer.pkcs8);
    return signerWithKey(format, signer.name, key);
  }
  let next = 0;
  return {
    verifier: signer.verifier,
    sign: (textBytes, timeMs) =>
      new Promise((resolve, reject) => {
        const id = next++;
        signatures.set(id, (answered) => {
          signatures.delete(id);
          if (answered instanceof LogError) reject(answered);
          else resolve(answered);
        });
        send({ type: "sign", id, textBytes, timeMs });
      }),
  };
}

function send(reply: Reply, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(reply, transfer);
}
