// SPDX-License-Identifier: Apache-2.0
import { type Algorithm, algorithmByFlag, type PublicKey } from "@chancery/formats/crypto";
import type { PrivateKey } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import {
  type KeyReferenceContext,
  keyReferenceSchemes,
  loadPrivateKey,
  loadPublicKey,
  openSigner,
  SignError,
  type Signer,
} from "@chancery/sign";
import { type Io, usageError } from "../framework/index.ts";
import { pathOf } from "../files/index.ts";
import { askPassword, type Password } from "./password.ts";

export interface KeyOptions {
  readonly io: Io;
  /** What stands after `--key`. */
  readonly reference: string;
  readonly passwordFile?: string | undefined;
  readonly stdinTaken?: boolean;
}

/** The private key that `--key` names. @throws SignError */
export function openPrivateKey(options: KeyOptions): Promise<PrivateKey> {
  return withPassword(options, loadPrivateKey);
}

/** A signer with the key that `--key` names. @throws SignError */
export function openKeySigner(
  options: KeyOptions & {
    readonly algorithm?: Algorithm | undefined;
    readonly prehashed?: boolean;
  },
): Promise<Signer> {
  const { algorithm, prehashed = false } = options;
  return withPassword(options, (reference, context) =>
    openSigner(reference, { ...context, prehashed, ...(algorithm && { algorithm }) }),
  );
}

/** The public key that `--key` names; fetched only where the network may be used. */
export function openPublicKey(io: Io, reference: string, offline: boolean): Promise<PublicKey> {
  return loadPublicKey(located(io, reference), {
    environment: io.env,
    ...(offline ? {} : { fetch }),
  });
}

/** A signing algorithm by its name on the command line. @throws CliError */
export function readAlgorithm(flag: string, name: string): Algorithm {
  try {
    return algorithmByFlag(flag);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw usageError(`${name}: ${error.message.replace(/^algorithm: /, "")}`);
  }
}

/**
 * Asks for the password once. One that came with a line end is tried without it first, and with it
 * where that fails.
 */
async function withPassword<T>(
  { io, reference, passwordFile, stdinTaken }: KeyOptions,
  load: (reference: string, context: KeyReferenceContext) => Promise<T>,
): Promise<T> {
  let password: Password | undefined;
  const where = located(io, reference);
  const ask = async (): Promise<Uint8Array> => {
    password ??= await askPassword({ io, file: passwordFile, stdinTaken: stdinTaken ?? false });
    return password.bytes;
  };
  try {
    return await load(where, { environment: io.env, password: ask });
  } catch (error) {
    const other = password?.withLineEnd;
    if (!(error instanceof SignError) || error.code !== "wrong-password" || !other) throw error;
    return load(where, { environment: io.env, password: async () => other });
  }
}

function located(io: Io, reference: string): string {
  const scheme = keyReferenceSchemes.find((candidate) => candidate.matches(reference));
  return scheme?.name === "file" ? pathOf(io, reference) : reference;
}
