// SPDX-License-Identifier: Apache-2.0
import { verificationFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { VerifyBlobFlags } from "./verify-blob-action.ts";

export const verifyBlob: Command = defineCommand<VerifyBlobFlags>({
  name: "verify-blob",
  summary: "Verify the signature of a file",
  description:
    "FILE is a path, - for standard input, or sha256:HEX where only the digest is known. Prints " +
    "Verified OK and exits with 0, or says why not and exits with 1. Unless told otherwise the " +
    "signature must be in a transparency log.",
  arguments: [{ name: "FILE" }],
  flags: verificationFlags,
  examples: [
    {
      about: "Verify with a key; the bundle is release.tar.gz.sigstore.json",
      line: "chancery verify-blob --key cosign.pub --level keyed release.tar.gz",
    },
    {
      about: "See what was checked",
      line: "chancery verify-blob --key cosign.pub --level keyed --explain release.tar.gz",
    },
    {
      about: "Verify who signed, without network",
      line:
        "chancery verify-blob --offline --trusted-root trusted_root.json " +
        "--bundle a.sigstore.json --certificate-identity-regexp '.*' " +
        "--certificate-oidc-issuer-regexp '.*' a.txt",
    },
  ],
  load: async () => (await import("./verify-blob-action.ts")).verifyBlobAction,
});
