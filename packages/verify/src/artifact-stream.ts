// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from "@chancery/formats/bundle";
import {
  createEd25519Verifier,
  createHasher,
  type HashName,
  type PublicKey,
} from "@chancery/formats/crypto";
import { hashOfOutputName } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { decodeStatement } from "@chancery/formats/statement";
import { decodeCertificate } from "@chancery/formats/x509";
import type { Artifact, StreamedEd25519 } from "./artifact.ts";
import type { Policy } from "./policy.ts";

const allHashes: readonly HashName[] = ["sha256", "sha384", "sha512"];

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Reads a stream once, in constant memory, and keeps its digests.
 *
 * @param algorithms the digests to compute; the default serves every algorithm but pure Ed25519,
 *   for which `artifactForBundle` is.
 */
export async function artifactFromStream(
  chunks: Chunks,
  algorithms: readonly HashName[] = allHashes,
): Promise<Artifact> {
  const hashers = algorithms.map((name) => [name, createHasher(name)] as const);
  for await (const chunk of chunks) for (const [, hasher] of hashers) hasher.update(chunk);
  const digests = Object.fromEntries(hashers.map(([name, hasher]) => [name, hasher.digest()]));
  return { kind: "digests", digests };
}

/**
 * Reads a stream once, in constant memory, and keeps what verifying this bundle under this policy
 * may ask for: the digests that can matter and, where the signer's key is Ed25519, whether the
 * bundle's signature is over the content.
 *
 * The answer is good for this bundle and policy only: another may find a digest missing.
 */
export async function artifactForBundle(
  chunks: Chunks,
  bundle: Bundle,
  policy: Policy,
): Promise<Artifact> {
  const key = signerKey(bundle, policy);
  const { content } = bundle;
  if (key?.type !== "ed25519" || content.kind === "envelope") {
    return artifactFromStream(chunks, neededHashes(bundle, key));
  }
  const { signature } = content.message;
  const verifier = createEd25519Verifier(key, signature);
  const artifact = await artifactFromStream(passing(chunks, (chunk) => verifier.update(chunk)));
  const ed25519: StreamedEd25519 = { key, signature, valid: verifier.finish() };
  return { ...artifact, ed25519 } as Artifact;
}

async function* passing(
  chunks: Chunks,
  look: (chunk: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    look(chunk);
    yield chunk;
  }
}

/** Computing all digests costs three times as much as computing one. Where in doubt, all. */
function neededHashes(bundle: Bundle, key: PublicKey | undefined): readonly HashName[] {
  const { content } = bundle;
  if (content.kind === "envelope") {
    const named = subjectHashes(content.envelope.payload);
    return named.length === 0 ? allHashes : named;
  }
  // Keys of P-256 and RSA sign over SHA-256 alone; others over several.
  const sole = (key?.type === "ec" && key.curve === "P-256") || key?.type === "rsa";
  if (!sole) return allHashes;
  const hint = content.message.messageDigest?.algorithm;
  const hinted = hint === undefined ? undefined : hashOfOutputName(hint);
  return hinted === undefined || hinted === "sha256" ? ["sha256"] : ["sha256", hinted];
}

function subjectHashes(payload: Uint8Array): readonly HashName[] {
  try {
    const { subjects } = decodeStatement(payload);
    return allHashes.filter((name) => subjects.some(({ digest }) => name in digest));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return allHashes; // malformed: verification says how
  }
}

function signerKey({ keyMaterial }: Bundle, { signer }: Policy): PublicKey | undefined {
  if (signer.kind === "key") return signer.key;
  if (keyMaterial.kind === "publicKey") return undefined;
  const leaf =
    keyMaterial.kind === "certificate" ? keyMaterial.certificate : keyMaterial.certificates[0];
  try {
    return leaf && decodeCertificate(leaf).publicKey;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return undefined; // malformed: verification says how
  }
}
