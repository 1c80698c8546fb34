// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import { defaultAlgorithm, sha256 } from "@chancery/formats/crypto";
import { loadPrivateKey } from "@chancery/sign";
import { type Invocation, usageError } from "../framework/index.ts";
import { pathOf } from "../files/index.ts";
import { allowKeyPair, askPassword, newPassword, writeKeyPair } from "../keys/index.ts";

export interface ImportKeyPairFlags {
  readonly key?: string;
  readonly outputKeyPrefix: string;
  readonly passwordFile?: string;
  readonly yes: boolean;
}

/** Reads a private key in any known form and writes it in cosign's. */
export async function importKeyPairAction(
  invocation: Invocation<ImportKeyPairFlags>,
): Promise<void> {
  const { flags, io, report } = invocation;
  if (flags.key === undefined) {
    throw usageError(
      "import-key-pair needs the private key",
      "chancery import-key-pair --key FILE",
    );
  }
  const target = await allowKeyPair(flags.outputKeyPrefix, flags.yes, invocation);
  // A person is asked for both passwords; what comes from elsewhere opens the old file, if that is
  // encrypted, and protects the new one.
  const where = { io, file: flags.passwordFile };
  let password: Uint8Array | undefined;
  const ask = async (): Promise<Uint8Array> => (password ??= await newPassword(where));
  const key = await loadPrivateKey(pathOf(io, flags.key), {
    environment: io.env,
    password: async () => (io.prompt ? (await askPassword(where)).bytes : (await ask()).slice()),
  });
  await writeKeyPair(key, await ask(), target, invocation);
  const { flag, name } = defaultAlgorithm(key.publicKey);
  const keySha256 = encodeHex(sha256(key.publicKey.spki));
  const { privateKey, publicKey } = target;
  report.result({ privateKey, publicKey, algorithm: flag ?? name, keySha256 });
}
