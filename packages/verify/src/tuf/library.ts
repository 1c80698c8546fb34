// SPDX-License-Identifier: Apache-2.0
import { Buffer } from "node:buffer";
import type { TrustedMetadataStore } from "tuf-js/dist/store.js";
import { TufError } from "./errors.ts";

/**
 * The parts of tuf-js that are used: its state machine of trust transitions, which does no I/O, and
 * its errors. Its `Updater` is not: that turns errors into texts, drops others, writes the cache in
 * place and reads the clock.
 */
export interface TufLibrary {
  /** A store that trusts the root; the expiry of everything is judged at `now`. */
  openStore(root: Uint8Array, now: Date): TrustedMetadataStore;
  /** Bytes in the type that the store wants. */
  buffer(bytes: Uint8Array): Buffer;
  /** What the error of a store is about. */
  kindOf(error: unknown): StoreErrorKind;
}

export type StoreErrorKind =
  | "threshold"
  | "expired"
  | "equal-version"
  | "version"
  | "hash"
  | "repository"
  | "other";

/**
 * Loads tuf-js and @tufjs/models, which are optional peer dependencies.
 * @throws TufError `tuf-library-missing`
 */
export async function loadTufLibrary(): Promise<TufLibrary> {
  const [store, errors, models] = await Promise.all([
    import("tuf-js/dist/store.js"),
    import("tuf-js/dist/error.js"),
    import("@tufjs/models/dist/error.js"),
  ]).catch((cause: unknown) => {
    throw new TufError(
      "tuf-library-missing",
      "the packages tuf-js 6 and @tufjs/models 5 cannot be loaded",
      "npm install tuf-js @tufjs/models",
      { cause },
    );
  });
  const buffer = (bytes: Uint8Array): Buffer =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    openStore(root, now) {
      const opened = new store.TrustedMetadataStore(buffer(root));
      // The constructor takes the system's time; the field is private in the types only.
      (opened as unknown as { referenceTime: Date }).referenceTime = now;
      return opened;
    },
    buffer,
    kindOf(error) {
      if (error instanceof models.UnsignedMetadataError) return "threshold";
      if (error instanceof errors.ExpiredMetadataError) return "expired";
      if (error instanceof errors.EqualVersionError) return "equal-version";
      if (error instanceof errors.BadVersionError) return "version";
      if (error instanceof models.LengthOrHashMismatchError) return "hash";
      if (error instanceof errors.RepositoryError) return "repository";
      return "other";
    },
  };
}
