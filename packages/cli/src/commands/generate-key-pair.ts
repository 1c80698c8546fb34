// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { GenerateKeyPairFlags } from "./generate-key-pair-action.ts";

export const generateKeyPair: Command = defineCommand<GenerateKeyPairFlags>({
  name: "generate-key-pair",
  summary: "Make a key pair for signing",
  description:
    "Writes PREFIX.key, encrypted with a password in cosign's format, and PREFIX.pub. The password " +
    "comes from CHANCERY_PASSWORD or COSIGN_PASSWORD, --password-file, the terminal or standard " +
    "input, without its line end.",
  flags: {
    algorithm: {
      type: "text",
      value: "NAME",
      about:
        "kind of key: ecdsa-sha2-256-nistp256, ecdsa-sha2-384-nistp384, ecdsa-sha2-512-nistp521, " +
        "ed25519, rsa-sign-pkcs1-2048-sha256, -3072-, -4096-",
      default: "ecdsa-sha2-256-nistp256",
    },
    outputKeyPrefix: {
      type: "text",
      value: "PREFIX",
      about: "path of the files without .key and .pub",
      default: "cosign",
    },
    passwordFile: { type: "text", value: "FILE", about: "file with the password" },
    yes: { type: "boolean", short: "y", about: "overwrite existing files: their key is lost" },
    kms: { type: "text", value: "URI", about: "", refused: "keys are made in files only" },
  },
  examples: [
    { about: "Make cosign.key and cosign.pub", line: "chancery generate-key-pair" },
    {
      about: "Make an Ed25519 key under another name",
      line: "chancery generate-key-pair --algorithm ed25519 --output-key-prefix release",
    },
  ],
  load: async () => (await import("./generate-key-pair-action.ts")).generateKeyPairAction,
});
