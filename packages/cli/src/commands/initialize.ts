// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { InitializeFlags } from "./initialize-action.ts";

export const initialize: Command = defineCommand<InitializeFlags>({
  name: "initialize",
  summary: "Choose the TUF repository whose trusted root is used from now on",
  description:
    "Fetches and verifies everything first: where that fails, what was in use stays in use. The " +
    "choice and the files are kept in TUF_ROOT, by default ~/.sigstore/root, where cosign finds " +
    "them too. Without flags the public instance is chosen.",
  flags: {
    mirror: {
      type: "text",
      value: "URL",
      about: "base URL of the repository: https, http or file; default the public instance's",
    },
    root: {
      type: "text",
      value: "FILE|URL",
      about: "root metadata to trust; needed for every repository but the public ones",
    },
    rootChecksum: {
      type: "text",
      value: "HEX",
      about: "SHA-256 of that file, as its operator published it; sha512:HEX is read too",
    },
    staging: { type: "boolean", about: "choose Sigstore's staging instance" },
  },
  examples: [
    {
      about: "Choose a private instance",
      line: 'chancery initialize --mirror "file://$PWD/tuf" --root tuf/1.root.json',
    },
  ],
  load: async () => (await import("./initialize-action.ts")).initializeAction,
});
