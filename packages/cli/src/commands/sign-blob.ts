// SPDX-License-Identifier: Apache-2.0
import { signingFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { SignBlobFlags } from "./sign-blob-action.ts";

export const signBlob: Command = defineCommand<SignBlobFlags>({
  name: "sign-blob",
  summary: "Sign files",
  description:
    "Writes FILE.sigstore.json beside each FILE, or --bundle for one. FILE - is standard input. " +
    "Files of any size are signed in constant memory. With --key nothing is logged, and nobody " +
    "contacted, unless --signing-config, --rekor-url or --tlog-upload asks for it. Without, a " +
    "one-time key is certified for whoever signs in, or for the surroundings' identity, and what " +
    "is signed is logged: by the services of --signing-config, or else those that TUF has.",
  arguments: [{ name: "FILE", variadic: true }],
  flags: {
    ...signingFlags,
    signingAlgorithm: {
      type: "text",
      value: "NAME",
      about:
        "how to sign, where the key leaves a choice: ed25519 or ed25519-ph, " +
        "rsa-sign-pkcs1-2048-sha256 or rsa-sign-pss-2048-sha256",
    },
    b64: {
      type: "boolean",
      about: "print signatures in base64 rather than as bytes",
      default: true,
    },
  },
  examples: [
    {
      about: "Sign a file, writing release.tar.gz.sigstore.json",
      line: "chancery sign-blob --key cosign.key release.tar.gz",
    },
    {
      about: "Sign a file and log that, where chancery up runs in this folder",
      line:
        "chancery sign-blob --key cosign.key" +
        " --signing-config chancery-data/signing_config.v0.2.json" +
        " --trusted-root chancery-data/trusted_root.json release.tar.gz",
    },
    {
      about: "Sign files with an identity and no key of one's own, all with one certificate",
      line:
        "chancery sign-blob --yes --signing-config chancery-data/signing_config.v0.2.json" +
        " --trusted-root chancery-data/trusted_root.json --identity-token token.jwt" +
        " release.tar.gz release.zip",
    },
    {
      about: "Have a key certified for an identity, so that either can be verified",
      line:
        "chancery sign-blob --key cosign.key --issue-certificate --yes" +
        " --signing-config chancery-data/signing_config.v0.2.json" +
        " --trusted-root chancery-data/trusted_root.json --identity-token token.jwt release.tar.gz",
    },
    {
      about: "Sign what another program prints",
      line: "cat release.tar.gz | chancery sign-blob --key cosign.key --bundle release.json -",
    },
    {
      about: "Print a bare signature, as cosign 2 did",
      line: "chancery sign-blob --key cosign.key --new-bundle-format=false release.tar.gz",
    },
  ],
  load: async () => (await import("./sign-blob-action.ts")).signBlobAction,
});
