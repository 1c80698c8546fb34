// SPDX-License-Identifier: Apache-2.0
import type { Algorithm } from "@chancery/formats/crypto";
import type { Signer } from "@chancery/sign";
import type { SigningFlags } from "../flags/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";
import { openKeySigner } from "../keys/index.ts";

/** `--key`, without which this version cannot sign. @throws CliError */
export function requireKey(flags: SigningFlags, command: string): string {
  if (flags.key !== undefined) return flags.key;
  throw usageError(
    `${command} needs a key: this version signs with keys (level keyed)`,
    `chancery generate-key-pair, then chancery ${command} --key cosign.key`,
  );
}

/** The signer of `--key`. */
export function openSignerOf(
  key: string,
  { flags, io }: Pick<Invocation<SigningFlags>, "flags" | "io">,
  options: {
    readonly stdinTaken: boolean;
    readonly algorithm?: Algorithm | undefined;
    /** Where the key leaves a choice, sign over a digest: all that some logs can check. */
    readonly prehashed?: boolean;
  },
): Promise<Signer> {
  return openKeySigner({ io, reference: key, passwordFile: flags.passwordFile, ...options });
}
