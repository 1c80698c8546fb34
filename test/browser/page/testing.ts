// SPDX-License-Identifier: Apache-2.0
// What the test calls inside the page; no part of the page itself. Bytes come in as base64.
import { type Answer, answerOf, type Form, type Question } from "../answers.ts";

type Written<T> = { readonly [K in keyof T]: T[K] extends Uint8Array ? string : T[K] };

interface TestFile {
  readonly name: string;
  readonly content: string;
}

const testing = {
  /** What a drop of these files carries. */
  transferOf(files: readonly TestFile[]): DataTransfer {
    const transfer = new DataTransfer();
    for (const { name, content } of files) transfer.items.add(new File([bytesOf(content)], name));
    return transfer;
  },
  answerAll(questions: readonly Written<Question>[], form: Form): Answer[] {
    return questions.map(({ bundle, artifact, trustedRoot, signer }) => {
      const bytes = { bundle: bytesOf(bundle), artifact: bytesOf(artifact) };
      return answerOf({ ...bytes, trustedRoot: bytesOf(trustedRoot), signer }, form);
    });
  },
};
Object.assign(globalThis, { testing });

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
