// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";
import { TufError } from "./errors.ts";
import { loadTufLibrary } from "./library.ts";

test("absent peer dependencies are named, with the command that installs them", async () => {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier.startsWith("tuf-js")) throw new Error("Cannot find package 'tuf-js'");
      return next(specifier, context);
    },
  });
  try {
    const error = await loadTufLibrary().catch((reason: unknown) => reason);
    assert.ok(error instanceof TufError, String(error));
    assert.equal(error.code, "tuf-library-missing");
    assert.match(error.hint, /npm install tuf-js @tufjs\/models/);
  } finally {
    hooks.deregister();
  }
  assert.equal((await loadTufLibrary()).kindOf(new Error("x")), "other");
});
