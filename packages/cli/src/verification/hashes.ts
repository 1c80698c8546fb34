// SPDX-License-Identifier: Apache-2.0
import type { HashName, PublicKey } from "@chancery/formats/crypto";
import { hashOfOutputName } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { decodeStatement } from "@chancery/formats/statement";
import { decodeCertificate } from "@chancery/formats/x509";
import type { Policy } from "@chancery/verify";
import type { ReadBundle } from "./bundle.ts";

const all: readonly HashName[] = ["sha256", "sha384", "sha512"];

/**
 * The digests of a large artifact that verifying may ask for: computing all costs three times as
 * much as computing the one that is needed. Where in doubt, all.
 */
export function neededHashes(bundle: ReadBundle, policy: Policy): readonly HashName[] {
  if (bundle instanceof Uint8Array) return all;
  try {
    const { content } = bundle;
    if (content.kind === "envelope") {
      const { subjects } = decodeStatement(content.envelope.payload);
      return all.filter((name) => subjects.some(({ digest }) => name in digest));
    }
    const key = signerKey(bundle, policy);
    // Keys of P-256 and RSA sign over SHA-256 alone; others over several.
    const sole = (key?.type === "ec" && key.curve === "P-256") || key?.type === "rsa";
    if (!sole) return all;
    const hint = content.message.messageDigest?.algorithm;
    const hinted = hint === undefined ? undefined : hashOfOutputName(hint);
    return hinted === undefined || hinted === "sha256" ? ["sha256"] : ["sha256", hinted];
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return all; // malformed: verification says how
  }
}

function signerKey(
  { keyMaterial }: Exclude<ReadBundle, Uint8Array>,
  { signer }: Policy,
): PublicKey | undefined {
  if (signer.kind === "key") return signer.key;
  if (keyMaterial.kind !== "certificate") return undefined;
  return decodeCertificate(keyMaterial.certificate).publicKey;
}
