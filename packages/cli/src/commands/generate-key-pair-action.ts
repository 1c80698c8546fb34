// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { type Invocation, usageError } from "../framework/index.ts";
import { allowKeyPair, newPassword, readAlgorithm, writeKeyPair } from "../keys/index.ts";

export interface GenerateKeyPairFlags {
  readonly algorithm: string;
  readonly outputKeyPrefix: string;
  readonly passwordFile?: string;
  readonly yes: boolean;
  readonly kms?: string;
}

/** Makes a key pair and writes both files. */
export async function generateKeyPairAction(
  invocation: Invocation<GenerateKeyPairFlags>,
): Promise<void> {
  const { flags, io, report } = invocation;
  const algorithm = readAlgorithm(flags.algorithm, "--algorithm");
  if (algorithm.verifyOnly) {
    throw usageError(`--algorithm: no keys are made for ${flags.algorithm}`);
  }
  const target = await allowKeyPair(flags.outputKeyPrefix, flags.yes, invocation);
  const password = await newPassword({ io, file: flags.passwordFile });
  if (password.length === 0) report.warn("the password is empty: whoever has the file can sign");
  const key = generatePrivateKey(algorithm);
  await writeKeyPair(key, password, target, invocation);
  report.result({
    privateKey: target.privateKey,
    publicKey: target.publicKey,
    algorithm: flags.algorithm,
    keySha256: encodeHex(sha256(key.publicKey.spki)),
  });
}
