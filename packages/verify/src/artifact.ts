// SPDX-License-Identifier: Apache-2.0
import { createHasher, hash, type HashName, hashSizes } from "@chancery/formats/crypto";

/** What was signed, as far as the caller has it. */
export type Artifact =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "digests"; readonly digests: Readonly<Partial<Record<HashName, Uint8Array>>> };

/** An artifact in memory. */
export function artifactFromBytes(bytes: Uint8Array): Artifact {
  return { kind: "bytes", bytes };
}

/** An artifact that is known only by a digest. */
export function artifactFromDigest(algorithm: HashName, digest: Uint8Array): Artifact {
  return { kind: "digests", digests: { [algorithm]: digest } };
}

/**
 * Reads a stream once, in constant memory, and keeps its digests.
 *
 * @param algorithms the digests to compute; the default serves every algorithm but pure Ed25519,
 *   which can only be verified over bytes in memory.
 */
export async function artifactFromStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  algorithms: readonly HashName[] = ["sha256", "sha384", "sha512"],
): Promise<Artifact> {
  const hashers = algorithms.map((name) => [name, createHasher(name)] as const);
  for await (const chunk of chunks) for (const [, hasher] of hashers) hasher.update(chunk);
  const digests = Object.fromEntries(hashers.map(([name, hasher]) => [name, hasher.digest()]));
  return { kind: "digests", digests };
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
}
