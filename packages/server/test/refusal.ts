// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { StackError } from "../src/stack/errors.ts";

/** What a stack says when it refuses by a code. Fails where it does not. */
export async function refusal(run: Promise<unknown>, code: string): Promise<string> {
  try {
    await run;
  } catch (error) {
    assert.ok(error instanceof StackError, String(error));
    assert.equal(error.code, code);
    return error.message;
  }
  throw new Error("it was not refused");
}
