// SPDX-License-Identifier: Apache-2.0
import { logFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogSearchFlags } from "./log-search-action.ts";

export const logSearch: Command = defineCommand<LogSearchFlags>({
  name: "search",
  summary: "Find entries of a log by artifact, key or identity",
  description:
    "Prints the ids of entries, newest first. A key finds what it signed itself and what was " +
    "signed with certificates over it. Logs that have only Rekor's own index are asked by that: " +
    "it knows no times and may be incomplete. In a mirror (log follow) entries are found by what " +
    "is in them; subjects of attestations are not, and ids are leaf hashes.",
  flags: {
    data: {
      type: "text",
      value: "DIR",
      about: "search in a log that nobody serves, such as a mirror, in place of a server",
    },
    sha: {
      type: "text",
      value: "HASH",
      about: "digest of the artifact, with or without sha256: and the like before it",
    },
    artifact: { type: "text", value: "FILE|URL", about: "the artifact itself" },
    publicKey: { type: "text", value: "FILE", about: "public key or certificate" },
    pkiFormat: {
      type: "text",
      value: "FORMAT",
      about: "format of the key; others than x509 are found by the log's own index alone",
      choices: ["x509", "pgp", "minisign", "ssh", "tuf"],
      default: "x509",
    },
    email: { type: "text", value: "ADDRESS", about: "e-mail address in the certificate" },
    subject: {
      type: "text",
      value: "NAME",
      about: "name in the certificate, or subject of the attestation",
    },
    operator: {
      type: "text",
      value: "OP",
      about: "whether entries must match any of these, or all",
      choices: ["or", "and"],
      default: "or",
    },
    since: { type: "text", value: "TIME", about: "logged then or later, as 2026-01-31T12:00:00Z" },
    until: { type: "text", value: "TIME", about: "logged then or before" },
    limit: { type: "text", value: "N", about: "print the N newest, and where to go on" },
    cursor: { type: "text", value: "TEXT", about: "go on from there" },
    ...logFlags,
  },
  examples: [
    {
      about: "Find what a key signed",
      line: "chancery log search --rekor-server http://127.0.0.1:3000 --public-key cosign.pub",
    },
    {
      about: "Find who signed a file",
      line: "chancery log search --rekor-server http://127.0.0.1:3000 --artifact a.txt",
    },
  ],
  load: async () => (await import("./log-search-action.ts")).logSearchAction,
});
