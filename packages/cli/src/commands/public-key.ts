// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { PublicKeyFlags } from "./public-key-action.ts";

export const publicKey: Command = defineCommand<PublicKeyFlags>({
  name: "public-key",
  summary: "Print the public half of a key in PEM",
  flags: {
    key: { type: "text", value: "REF", about: "private or public key: a file or env://NAME" },
    outfile: { type: "text", value: "FILE", about: "write it to a file" },
    passwordFile: { type: "text", value: "FILE", about: "file with the password" },
    yes: { type: "boolean", short: "y", about: "overwrite an existing file" },
    sk: {
      type: "boolean",
      about: "",
      refused: "hardware tokens are not supported: use a key file",
    },
    slot: { type: "text", value: "SLOT", about: "", ignored: "there are no hardware tokens here" },
  },
  examples: [
    {
      about: "Write the public key of a private one",
      line: "chancery public-key --key cosign.key --outfile release.pub",
    },
  ],
  load: async () => (await import("./public-key-action.ts")).publicKeyAction,
});
