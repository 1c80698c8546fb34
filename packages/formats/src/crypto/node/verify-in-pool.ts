// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { SignatureScheme } from "../algorithms.ts";
import type { PublicKey } from "../public-key.ts";
import { verifyDigest, verifySignature } from "../verify.ts";
import { outcome, packChecks, packedSizeBytes, type SignatureCheck } from "./verify-batch.ts";

// The same answers as `verify.ts`, given later by threads of our own. libuv's pool takes one
// signature at a time: to read the key, to wake a thread and to be woken cost the event loop 60 us
// of the 80 us that it saved. Here what comes in one turn crosses together, for 3 us each.
// Threads start when they are needed, and keep the process alive only while they are asked.
// The bytes handed in must not change before the promise is settled.

/** As `verifySignature`, off the event loop. */
export function verifySignatureInPool(
  key: PublicKey,
  scheme: SignatureScheme,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return pool.check({ over: "message", key, scheme, signed: message, signature });
}

/** As `verifyDigest`, off the event loop. @throws FormatError as `verifyDigest` */
export function verifyDigestInPool(
  key: PublicKey,
  scheme: SignatureScheme,
  digest: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return pool.check({ over: "digest", key, scheme, signed: digest, signature });
}

/** One core is the event loop's. */
const threadsMax = Math.max(1, Math.min(4, availableParallelism() - 1));
/** Batches that a thread has at once: one it works on, one that it finds when that is done. */
const batchesMax = 2;
/** Small enough that answers come steadily, large enough that crossing costs nothing. */
const batchChecksMax = 16;
const batchBytesMax = 1 << 20;
/** There is little to collect. */
const youngGenerationMb = 4;

interface Waiting {
  readonly check: SignatureCheck;
  readonly resolve: (verified: boolean) => void;
  readonly reject: (cause: unknown) => void;
}

/** Gathers checks, and hands them to threads as these have room. */
class VerifyPool {
  readonly #threads = new Set<VerifyThread>();
  #gathered: Waiting[] = [];
  #flushing = false;

  check(check: SignatureCheck): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#gathered.push({ check, resolve, reject });
      if (this.#flushing) return;
      this.#flushing = true;
      setImmediate(() => {
        this.#flushing = false;
        this.#flush();
      });
    });
  }

  #flush(): void {
    while (this.#gathered.length > 0) {
      const thread = this.#freeThread();
      if (!thread) return;
      thread.send(this.#gathered.splice(0, batchLength(this.#gathered)));
    }
  }

  /** An idle thread, else a new one, else that with least to do; undefined where all are full. */
  #freeThread(): VerifyThread | undefined {
    const [least] = [...this.#threads].toSorted((a, b) => a.batches - b.batches);
    if (least?.batches === 0) return least;
    if (this.#threads.size < threadsMax) return this.#newThread();
    return least && least.batches < batchesMax ? least : undefined;
  }

  #newThread(): VerifyThread {
    const thread = new VerifyThread({
      answered: () => this.#flush(),
      ended: () => {
        this.#threads.delete(thread);
        this.#flush();
      },
    });
    this.#threads.add(thread);
    return thread;
  }
}

/** How many of those that wait go together. */
function batchLength(waiting: readonly Waiting[]): number {
  let sizeBytes = 0;
  const end = waiting.findIndex(({ check }, i) => {
    sizeBytes += packedSizeBytes(check);
    return i > 0 && (i === batchChecksMax || sizeBytes > batchBytesMax);
  });
  return end < 0 ? waiting.length : end;
}

interface ThreadEvents {
  readonly answered: () => void;
  readonly ended: () => void;
}

class VerifyThread {
  readonly #worker: Worker;
  readonly #batches: (readonly Waiting[])[] = [];

  constructor({ answered, ended }: ThreadEvents) {
    const url = new URL(import.meta.resolve("@chancery/formats/crypto/node/verify-thread"));
    const resourceLimits = { maxYoungGenerationSizeMb: youngGenerationMb };
    this.#worker = new Worker(url, { name: "verify", resourceLimits });
    this.#worker.unref();
    this.#worker.on("message", (outcomes: ArrayBuffer) => {
      this.#settle(new Uint8Array(outcomes));
      answered();
    });
    let failure = new Error("the thread that verifies signatures ended");
    this.#worker.on("error", (cause) => (failure = new Error(failure.message, { cause })));
    this.#worker.on("exit", () => {
      for (const batch of this.#batches) for (const { reject } of batch) reject(failure);
      ended();
    });
  }

  /** Batches not answered yet. */
  get batches(): number {
    return this.#batches.length;
  }

  send(batch: readonly Waiting[]): void {
    if (this.#batches.push(batch) === 1) this.#worker.ref();
    const packed = packChecks(batch.map(({ check }) => check));
    this.#worker.postMessage(packed, [packed]);
  }

  #settle(outcomes: Uint8Array): void {
    const batch = this.#batches.shift() ?? [];
    if (this.#batches.length === 0) this.#worker.unref();
    for (const [i, { check, resolve, reject }] of batch.entries()) {
      if (outcomes[i] !== outcome.threw) resolve(outcomes[i] === outcome.verified);
      else {
        try {
          resolve(verifyHere(check));
        } catch (cause) {
          reject(cause);
        }
      }
    }
  }
}

function verifyHere({ over, key, scheme, signed, signature }: SignatureCheck): boolean {
  const verify = over === "digest" ? verifyDigest : verifySignature;
  return verify(key, scheme, signed, signature);
}

const pool = new VerifyPool();
