// SPDX-License-Identifier: Apache-2.0
import { artifactFlags, logFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogVerifyFlags } from "./log-verify-action.ts";

export const logVerify: Command = defineCommand<LogVerifyFlags>({
  name: "verify",
  summary: "Verify that a log has an entry",
  description:
    "Finds the entry by what is in it, or by its id or index, and verifies the log's proof. " +
    "Bundles need no log to be asked: see verify-blob.",
  flags: {
    uuid: { type: "text", value: "ID", about: "the entry's id, of 64 or 80 hex digits" },
    logIndex: { type: "text", value: "N", about: "its index, instead of the id" },
    ...artifactFlags,
    ...logFlags,
  },
  examples: [
    {
      about: "Verify that the signature of a file is in a log",
      line:
        "chancery log verify --rekor-server http://127.0.0.1:3000 --artifact a.txt" +
        " --signature a.txt.sig --public-key cosign.pub",
    },
  ],
  load: async () => (await import("./log-verify-action.ts")).logVerifyAction,
});
