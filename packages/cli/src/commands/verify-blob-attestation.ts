// SPDX-License-Identifier: Apache-2.0
import { verificationFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { VerifyBlobAttestationFlags } from "./verify-blob-attestation-action.ts";

export const verifyBlobAttestation: Command = defineCommand<VerifyBlobAttestationFlags>({
  name: "verify-blob-attestation",
  summary: "Verify a signed statement about a file",
  description:
    "FILE is a path, - for standard input, or sha256:HEX; --digest stands for it too. The " +
    "statement must be of TYPE and about FILE.",
  arguments: [{ name: "FILE", optional: true }],
  flags: {
    ...verificationFlags,
    bundle: {
      type: "text",
      value: "FILE",
      about: "the bundle; default FILE.att.sigstore.json, else FILE.sigstore.json",
    },
    type: {
      type: "text",
      value: "TYPE",
      about: "what the predicate must be: a name as in attest-blob, or a URI",
      default: "custom",
    },
    checkClaims: {
      type: "boolean",
      about: "demand that the statement is about FILE; false verifies who signed it only",
      default: true,
    },
    digest: { type: "text", value: "HEX", about: "digest of the file" },
    digestAlg: { type: "text", value: "NAME", about: "its hash: sha256, sha384 or sha512" },
  },
  examples: [
    {
      about: "Verify an SBOM that was attested",
      line:
        "chancery verify-blob-attestation --key cosign.pub --level keyed --type spdxjson " +
        "release.tar.gz",
    },
  ],
  load: async () =>
    (await import("./verify-blob-attestation-action.ts")).verifyBlobAttestationAction,
});
