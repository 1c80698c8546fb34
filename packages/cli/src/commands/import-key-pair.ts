// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { ImportKeyPairFlags } from "./import-key-pair-action.ts";

export const importKeyPair: Command = defineCommand<ImportKeyPairFlags>({
  name: "import-key-pair",
  summary: "Make an existing private key ready for signing",
  description:
    "Reads an RSA, ECDSA or Ed25519 key in PKCS#8, PKCS#1, SEC1 or OpenSSH form and writes " +
    "PREFIX.key, encrypted in cosign's format, and PREFIX.pub. An encrypted key is opened with the " +
    "password that the new file gets.",
  flags: {
    key: { type: "text", short: "k", value: "FILE", about: "the private key" },
    outputKeyPrefix: {
      type: "text",
      short: "o",
      value: "PREFIX",
      about: "path of the files without .key and .pub",
      default: "import-cosign",
    },
    passwordFile: { type: "text", value: "FILE", about: "file with the password" },
    yes: { type: "boolean", short: "y", about: "overwrite existing files: their key is lost" },
  },
  examples: [
    {
      about: "Import a key that OpenSSL made",
      line: "chancery import-key-pair --key openssl.pem",
    },
  ],
  load: async () => (await import("./import-key-pair-action.ts")).importKeyPairAction,
});
