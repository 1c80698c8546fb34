// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { SignError, type SignErrorCode } from "../src/errors.ts";
import type { PasswordProvider } from "../src/key-file/index.ts";

const folder = new URL("keys/", import.meta.url);

/** Names of the private key fixtures; `keys/README.md` says what they are. */
export const keyNames: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith(".key"))
  .sort();

/** Names of the keys that must be refused. */
export const refusedNames: readonly string[] = readdirSync(new URL("refused/", folder)).sort();

export function keyBytes(name: string): Uint8Array {
  return Uint8Array.from(readFileSync(new URL(name, folder)));
}

export function keyText(name: string): string {
  return readFileSync(new URL(name, folder), "utf8");
}

export function keyPath(name: string): string {
  return new URL(name, folder).pathname;
}

/** The password of every encrypted fixture. */
export const password: PasswordProvider = async () => new TextEncoder().encode("correct horse");

/** For keys that are not encrypted, or must be refused before anybody is asked. */
export const nobody: PasswordProvider = async () => {
  throw new Error("asked for a password");
};

/** A check for `assert.rejects` and `assert.throws`. */
export function refuses(code: SignErrorCode, words?: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof SignError, String(error));
    assert.equal(error.code, code, error.message);
    if (words) assert.match(`${error.message} ${error.hint}`, words);
    return true;
  };
}
