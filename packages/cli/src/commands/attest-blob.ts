// SPDX-License-Identifier: Apache-2.0
import { signingFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { AttestBlobFlags } from "./attest-blob-action.ts";

export const attestBlob: Command = defineCommand<AttestBlobFlags>({
  name: "attest-blob",
  summary: "Sign a statement about a file",
  description:
    "Makes an in-toto Statement about FILE from a predicate, or signs one that exists, byte for " +
    "byte. Writes FILE.att.sigstore.json, or --bundle. TYPE is custom, slsaprovenance, " +
    "slsaprovenance02, slsaprovenance1, spdx, spdxjson, cyclonedx, link, vuln, openvex or a URI.",
  arguments: [{ name: "FILE", optional: true }],
  flags: {
    ...signingFlags,
    predicate: { type: "text", value: "FILE", about: "the predicate; - is standard input" },
    type: { type: "text", value: "TYPE", about: "what the predicate is", default: "custom" },
    statement: { type: "text", value: "FILE", about: "a whole Statement, instead of FILE" },
    hash: { type: "text", value: "HEX", about: "SHA-256 of FILE, which is then not read" },
    outputAttestation: { type: "text", value: "FILE", about: "write the envelope alone, too" },
    rfc3161TimestampBundle: {
      type: "text",
      value: "FILE",
      about: "",
      ignored: "timestamps are in the bundle",
    },
  },
  examples: [
    {
      about: "Attest an SBOM of a file",
      line: "chancery attest-blob --key cosign.key --type spdxjson --predicate sbom.json release.tar.gz",
    },
    {
      about: "Sign a Statement that exists",
      line: "chancery attest-blob --key cosign.key --statement statement.json",
    },
  ],
  load: async () => (await import("./attest-blob-action.ts")).attestBlobAction,
});
