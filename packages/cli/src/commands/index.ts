// SPDX-License-Identifier: Apache-2.0

/**
 * All commands, in the order in which `--help` lists them.
 *
 * A command is two files. `<name>.ts` defines it for `--help`, completion and parsing, and imports
 * nothing but the framework and shared flags, as every start of the program loads it:
 *
 *     import { defineCommand, type Command } from "../framework/index.ts";
 *     import type { PublicKeyFlags } from "./public-key-action.ts";
 *
 *     export const publicKey: Command = defineCommand<PublicKeyFlags>({
 *       name: "public-key",
 *       summary: "Print the public half of a key",
 *       flags: { key: { type: "text", value: "REF", about: "the key" } },
 *       examples: [{ about: "…", line: "chancery public-key --key cosign.key" }],
 *       load: async () => (await import("./public-key-action.ts")).publicKeyAction,
 *     });
 *
 * `<name>-action.ts` exports the interface of its flags' values and the action: it reads the
 * invocation, calls one function of a library, and reports. Files, keys, passwords and evidence are
 * handled by the rooms beside this one. Then the command gets one line below; commands under a
 * common word (`bundle inspect`) are a `Group`. Every example in `--help` is run by
 * `test/examples.proc.test.ts`, which prepares the files they name.
 */
import type { Group } from "../framework/index.ts";
import { attestBlob } from "./attest-blob.ts";
import { bundle } from "./bundle.ts";
import { completion } from "./completion.ts";
import { env } from "./env.ts";
import { generateKeyPair } from "./generate-key-pair.ts";
import { importKeyPair } from "./import-key-pair.ts";
import { initialize } from "./initialize.ts";
import { log } from "./log.ts";
import { publicKey } from "./public-key.ts";
import { signBlob } from "./sign-blob.ts";
import { signingConfig } from "./signing-config.ts";
import { up } from "./up.ts";
import { user } from "./user.ts";
import { trust } from "./trust.ts";
import { trustedRoot } from "./trusted-root.ts";
import { verifyBlob } from "./verify-blob.ts";
import { verifyBlobAttestation } from "./verify-blob-attestation.ts";
import { version } from "./version.ts";
import { witness } from "./witness.ts";

export const commands: Group = {
  name: "chancery",
  summary: "Sign and verify software with keys, identities and transparency logs",
  commands: [
    signBlob,
    verifyBlob,
    attestBlob,
    verifyBlobAttestation,
    generateKeyPair,
    importKeyPair,
    publicKey,
    bundle,
    up,
    user,
    log,
    witness,
    trust,
    trustedRoot,
    signingConfig,
    initialize,
    env,
    version,
    completion,
  ],
};
