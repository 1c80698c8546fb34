// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "@chancery/formats/bytes";
import {
  type Ed25519PublicKey,
  hash,
  type HashName,
  hashSizes,
  type PublicKey,
  publicKeysEqual,
} from "@chancery/formats/crypto";

/** What was signed, as far as the caller has it. */
export type Artifact =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | {
      readonly kind: "digests";
      readonly digests: Readonly<Partial<Record<HashName, Uint8Array>>>;
      /** Pure Ed25519 has no digest: it is verified while the content passes. */
      readonly ed25519?: StreamedEd25519;
    };

/** Whether a signature is of content that was read and is gone. */
export interface StreamedEd25519 {
  readonly key: Ed25519PublicKey;
  readonly signature: Uint8Array;
  readonly valid: boolean;
}

/** An artifact in memory. */
export function artifactFromBytes(bytes: Uint8Array): Artifact {
  return { kind: "bytes", bytes };
}

/** An artifact that is known only by a digest. */
export function artifactFromDigest(algorithm: HashName, digest: Uint8Array): Artifact {
  return { kind: "digests", digests: { [algorithm]: digest } };
}

/**
 * Digests of an artifact, computed once and only when asked for.
 * @throws RangeError on construction for a digest that has not its algorithm's size
 */
export class ArtifactDigests {
  readonly #artifact: Artifact;
  readonly #computed: Partial<Record<HashName, Uint8Array>>;

  constructor(artifact: Artifact) {
    this.#artifact = artifact;
    this.#computed = artifact.kind === "digests" ? { ...artifact.digests } : {};
    for (const [name, digest] of Object.entries(this.#computed)) {
      if (digest.length === hashSizes[name as HashName]) continue;
      throw new RangeError(`${digest.length} bytes are no ${name} digest`);
    }
  }

  get bytes(): Uint8Array | undefined {
    return this.#artifact.kind === "bytes" ? this.#artifact.bytes : undefined;
  }

  /** The digest, or undefined where the artifact is only known by others. */
  get(name: HashName): Uint8Array | undefined {
    if (this.#computed[name] === undefined && this.#artifact.kind === "bytes") {
      this.#computed[name] = hash(name, this.#artifact.bytes);
    }
    return this.#computed[name];
  }

  /** Those that are known, computing the ones asked for where the bytes are at hand. */
  select(names: readonly HashName[]): Partial<Record<HashName, Uint8Array>> {
    const found: Partial<Record<HashName, Uint8Array>> = {};
    for (const name of names) {
      const digest = this.get(name);
      if (digest !== undefined) found[name] = digest;
    }
    return found;
  }

  /** What was found while the content passed, if it was about this key and signature. */
  streamedEd25519(key: PublicKey, signature: Uint8Array): boolean | undefined {
    const found = this.#artifact.kind === "digests" ? this.#artifact.ed25519 : undefined;
    const same = found && publicKeysEqual(found.key, key) && bytesEqual(found.signature, signature);
    return same ? found.valid : undefined;
  }
}
