// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import {
  defaultAlgorithm,
  encodePublicKeyPem,
  type PublicKey,
  sha256,
} from "@chancery/formats/crypto";
import { loadPublicKeyFile, SignError } from "@chancery/sign";
import { type Invocation, usageError } from "../framework/index.ts";
import { allowOutput, pathOf, writeOutput } from "../files/index.ts";
import { openPrivateKey, openPublicKey } from "../keys/index.ts";

export interface PublicKeyFlags {
  readonly key?: string;
  readonly outfile?: string;
  readonly passwordFile?: string;
  readonly yes: boolean;
  readonly sk: boolean;
  readonly slot?: string;
}

const publicMode = 0o644;

/** Prints the public half of a private key, or a public key in the usual form. */
export async function publicKeyAction(invocation: Invocation<PublicKeyFlags>): Promise<void> {
  const { flags, report } = invocation;
  const { key, outfile } = flags;
  if (key === undefined) {
    throw usageError("public-key needs a key", "chancery public-key --key cosign.key");
  }
  const found = await load(key, invocation);
  if (outfile !== undefined && !(await holdsPublicKey(outfile, invocation))) {
    await allowOutput(outfile, flags.yes, invocation);
  }
  const pem = encodePublicKeyPem(found);
  if (outfile !== undefined) {
    await writeOutput(outfile, pem, invocation, publicMode);
    report.say(`Public key written to ${outfile}`);
  }
  const { flag, name } = defaultAlgorithm(found);
  const keySha256 = encodeHex(sha256(found.spki));
  report.result(
    { publicKey: pem, algorithm: flag ?? name, keySha256 },
    outfile === undefined ? pem : "",
  );
}

/** A public key may be replaced unasked, anything else may not: it could be the private key. */
async function holdsPublicKey(file: string, { io }: Invocation<PublicKeyFlags>): Promise<boolean> {
  try {
    await loadPublicKeyFile(pathOf(io, file));
    return true;
  } catch (error) {
    if (error instanceof SignError) return false;
    throw error;
  }
}

/** Public keys need no password: they are tried first. */
async function load(
  reference: string,
  { flags, io }: Invocation<PublicKeyFlags>,
): Promise<PublicKey> {
  let refusal: SignError;
  try {
    return await openPublicKey(io, reference, false);
  } catch (error) {
    if (!(error instanceof SignError) || error.code === "unreadable-key") throw error;
    refusal = error;
  }
  try {
    const { passwordFile } = flags;
    return (await openPrivateKey({ io, reference, passwordFile })).publicKey;
  } catch (error) {
    // Of a file that is neither, the private reading says nothing better.
    const neither = error instanceof SignError && error.code === "malformed-key";
    throw neither && refusal.code === "malformed-key" ? refusal : error;
  }
}
