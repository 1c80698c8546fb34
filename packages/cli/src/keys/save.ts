// SPDX-License-Identifier: Apache-2.0
import { encodePublicKeyPem } from "@chancery/formats/crypto";
import { type PrivateKey, wipe } from "@chancery/formats/crypto/node";
import { savePrivateKey, savePublicKey, writeCosignKey } from "@chancery/sign";
import type { Invocation } from "../framework/index.ts";
import { allowOutput, pathOf } from "../files/index.ts";

export interface KeyPairFiles {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** A key pair's files, and whether they replace others. */
export interface KeyPairTarget extends KeyPairFiles {
  readonly overwrite: boolean;
}

/** The files of a key pair, which may be written. @throws CliError where one must stay */
export async function allowKeyPair(
  prefix: string,
  yes: boolean,
  invocation: Pick<Invocation<unknown>, "io" | "report">,
): Promise<KeyPairTarget> {
  const files = { privateKey: `${prefix}.key`, publicKey: `${prefix}.pub` };
  const losesKey = await allowOutput(files.privateKey, yes, invocation);
  const losesPublic = await allowOutput(files.publicKey, yes, invocation);
  if (losesKey) invocation.report.warn(`overwriting ${files.privateKey}: the key in it is lost`);
  return { ...files, overwrite: losesKey || losesPublic };
}

/** Writes both halves, the private one encrypted and first, and says where they are. */
export async function writeKeyPair(
  key: PrivateKey,
  password: Uint8Array,
  target: KeyPairTarget,
  { io, report }: Pick<Invocation<unknown>, "io" | "report">,
): Promise<void> {
  const { overwrite } = target;
  const text = await writeCosignKey(key, password);
  wipe(password);
  await savePrivateKey(pathOf(io, target.privateKey), text, { overwrite });
  report.say(`Private key written to ${target.privateKey}`);
  const pem = encodePublicKeyPem(key.publicKey);
  await savePublicKey(pathOf(io, target.publicKey), pem, { overwrite });
  report.say(`Public key written to ${target.publicKey}`);
}
