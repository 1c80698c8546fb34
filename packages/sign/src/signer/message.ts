// SPDX-License-Identifier: Apache-2.0
import { createHasher, hash, type HashName } from "@chancery/formats/crypto";

/** What is to be signed: bytes in memory, or content that is read as it is signed. */
export type MessageSource = Uint8Array | MessageStream;

/** Content of any size, such as a file. */
export interface MessageStream {
  /** Starts reading at the beginning. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** True where it can be read only once, as a pipe; pure Ed25519 cannot sign that. */
  readonly once?: boolean;
}

/** The chunks of a message. */
export function messageChunks(message: MessageSource): AsyncIterable<Uint8Array> {
  return message instanceof Uint8Array ? oneChunk(message) : message.open();
}

/** Whether signing must not read the message a second time. */
export function isReadOnce(message: MessageSource): boolean {
  return !(message instanceof Uint8Array) && message.once === true;
}

/** A message that is digested while a signer reads it, so that it need not be read once more. */
export class MeasuredMessage {
  readonly source: MessageSource;
  readonly #name: HashName;
  readonly #onProgress: ((bytesRead: number) => void) | undefined;
  #digest: Uint8Array | undefined;

  constructor(message: MessageSource, name: HashName, onProgress?: (bytesRead: number) => void) {
    this.#name = name;
    this.#onProgress = onProgress;
    this.source =
      message instanceof Uint8Array ? message : { ...message, open: () => this.#measure(message) };
  }

  /** The digest of what the signer read last. @throws Error where it did not read to the end */
  digest(): Uint8Array {
    if (this.source instanceof Uint8Array) return hash(this.#name, this.source);
    if (this.#digest === undefined) throw new Error("the signer did not read the whole message");
    return this.#digest;
  }

  async *#measure(message: MessageStream): AsyncIterable<Uint8Array> {
    this.#digest = undefined;
    const hasher = createHasher(this.#name);
    let bytesRead = 0;
    for await (const chunk of message.open()) {
      hasher.update(chunk);
      bytesRead += chunk.length;
      this.#onProgress?.(bytesRead);
      yield chunk;
    }
    this.#digest = hasher.digest();
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
