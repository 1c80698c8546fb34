// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";

/** OpenSSL's functions by C prototype. */
export interface NativeLibrary {
  func(prototype: string): (...parameters: unknown[]) => unknown;
}

/**
 * A function made of OpenSSL's own, as the Node binary exports them, called through `koffi`:
 * resolved on first use; undefined where that optional package or the symbols are absent, or where
 * `CHANCERY_DIGEST_PATH=noble` disables it.
 */
export function opensslFunction<T>(bind: (library: NativeLibrary) => T): () => T | undefined {
  let resolved: T | null | undefined;
  return () => {
    resolved ??= load(bind) ?? null;
    return resolved ?? undefined;
  };
}

/**
 * Runs an operation of `EVP_PKEY_CTX` with a key from DER.
 *
 * @param names of the function that reads the key, and of the one that begins the operation.
 * @returns a function that answers what `use` does with the context, or undefined where the key is
 *   refused or `use` answers undefined.
 */
export function keyOperation(
  library: NativeLibrary,
  names: { readonly decode: string; readonly init: string },
): <T>(der: Uint8Array, use: (context: unknown) => T | undefined) => T | undefined {
  const decodeKey = library.func(`void *${names.decode}(void *out, uint8_t **in, long length)`);
  const freeKey = library.func("void EVP_PKEY_free(void *key)");
  const newContext = library.func("void *EVP_PKEY_CTX_new(void *key, void *engine)");
  const freeContext = library.func("void EVP_PKEY_CTX_free(void *context)");
  const init = library.func(`int ${names.init}(void *context)`);
  const clearErrors = library.func("void ERR_clear_error()");
  return (der, use) => {
    const key = decodeKey(null, [der], der.length);
    const context = key === null ? null : newContext(key, null);
    try {
      const result = context !== null && init(context) === 1 ? use(context) : undefined;
      // What a failure leaves in the thread's error queue would be blamed on the next TLS read.
      if (result === undefined) clearErrors();
      return result;
    } finally {
      if (context !== null) freeContext(context);
      if (key !== null) freeKey(key);
    }
  };
}

function load<T>(bind: (library: NativeLibrary) => T): T | undefined {
  if (process.env["CHANCERY_DIGEST_PATH"] === "noble") return undefined;
  try {
    const koffi = createRequire(import.meta.url)("koffi") as { load(path: null): NativeLibrary };
    return bind(koffi.load(null));
  } catch {
    // koffi is optional, and absent on platforms it has no binary for; a Node that is built against
    // a shared OpenSSL does not export the symbols.
    return undefined;
  }
}
