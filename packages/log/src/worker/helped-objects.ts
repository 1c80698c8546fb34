// SPDX-License-Identifier: Apache-2.0
import { Worker } from "node:worker_threads";
import { LogError } from "../errors.ts";
import type { RunReference } from "../record/index.ts";
import type { ByteRange, ObjectStore, StoredObject } from "../store/index.ts";
import type { HelperReply, HelperRequest, HelperTask } from "./helper.ts";
import { errorFrom, type HelperStart } from "./messages.ts";

interface Asked {
  readonly resolve: (merged: RunReference | undefined) => void;
  readonly reject: (error: LogError) => void;
}

interface HelpedObjectsOptions {
  /** The objects as this thread reads them. */
  readonly objects: ObjectStore;
  readonly folder: string;
  /** Module of the helper's thread. */
  readonly url: URL;
}

/** As of the engine's thread: left alone, V8 keeps several times as much after a busy minute. */
const youngGenerationMb = 16;

/**
 * Objects that are read in this thread, and written and merged in a second one: started when there
 * is something to write, and once more where it came to an end.
 */
export class HelpedObjects implements ObjectStore {
  readonly #options: HelpedObjectsOptions;
  readonly #asked = new Map<number, Asked>();
  #helper: Worker | undefined;
  #nextId = 0;

  constructor(options: HelpedObjectsOptions) {
    this.#options = options;
  }

  /** Hands the objects' bytes over: those with a buffer of their own are gone from this thread. */
  async put(objects: readonly StoredObject[]): Promise<void> {
    const owned = objects.map(({ name, bytes }) => ({ name, bytes: ownBuffer(bytes) }));
    const buffers = new Set(owned.map(({ bytes }) => bytes.buffer));
    await this.#ask({ type: "put", objects: owned }, [...buffers]);
  }

  get(name: string, range?: ByteRange): Promise<Uint8Array | undefined> {
    return this.#options.objects.get(name, range);
  }

  list(prefix: string): Promise<string[]> {
    return this.#options.objects.list(prefix);
  }

  async remove(names: readonly string[]): Promise<void> {
    if (this.#helper) await this.#ask({ type: "remove", names });
    else await this.#options.objects.remove(names);
  }

  /** @throws LogError `stopped` where the signal ends it; `corrupt`; the store's codes */
  async merge(runs: readonly RunReference[], signal: AbortSignal): Promise<RunReference> {
    const stop = (): void => this.#helper?.postMessage({ type: "stop" } satisfies HelperRequest);
    signal.addEventListener("abort", stop, { once: true });
    try {
      if (signal.aborted) throw new LogError("stopped", "the log is closed");
      return (await this.#ask({ type: "merge", runs })) as RunReference;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Ends the helper. Nothing may be under way. */
  async close(): Promise<void> {
    await this.#helper?.terminate();
  }

  #ask(task: HelperTask, transfer: ArrayBuffer[] = []): Promise<RunReference | undefined> {
    const helper = (this.#helper ??= this.#start());
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#asked.set(id, { resolve, reject });
      helper.postMessage({ type: "task", id, task } satisfies HelperRequest, transfer);
    });
  }

  #start(): Worker {
    const { url, folder } = this.#options;
    const start: HelperStart = { helps: folder };
    const helper = new Worker(url, {
      workerData: start,
      name: "log objects",
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    helper.on("message", (reply: HelperReply) => {
      const asked = this.#asked.get(reply.id);
      this.#asked.delete(reply.id);
      if ("error" in reply) asked?.reject(errorFrom(reply.error));
      else asked?.resolve(reply.merged);
    });
    let words = "the thread that writes objects ended";
    helper.on("error", (cause) => void (words += `: ${String(cause)}`));
    helper.on("exit", () => {
      this.#helper = undefined;
      const error = new LogError("storage", words);
      for (const { reject } of this.#asked.values()) reject(error);
      this.#asked.clear();
    });
    return helper;
  }
}

/** The bytes with a buffer that holds nothing else, so that it can be given away. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) {
    return bytes as Uint8Array<ArrayBuffer>;
  }
  return new Uint8Array(bytes);
}
