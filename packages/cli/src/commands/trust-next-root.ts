// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import { dataFlag } from "./trust-flags.ts";
import type { TrustNextRootFlags } from "./trust-next-root-action.ts";

export const trustNextRoot: Command = defineCommand<TrustNextRootFlags>({
  name: "next-root",
  summary: "Make the next root, to be signed elsewhere",
  description:
    "It names the keys that sign here today, and expires anew. With --root-key it names these as " +
    "root keys, in place of those before, and --threshold says how many of them must sign. Clients " +
    "take it when enough root keys of the version before have signed it, too.",
  flags: {
    data: dataFlag,
    rootKey: {
      type: "list",
      commas: false,
      value: "FILE",
      about: "public key (ECDSA P-256) of who signs roots from now on; once for each",
    },
    threshold: {
      type: "text",
      value: "N",
      about: "how many of them must sign; default more than half",
    },
    out: { type: "text", value: "FILE", about: "where to write it; default standard output" },
    yes: { type: "boolean", short: "y", about: "overwrite an existing file without asking" },
  },
  examples: [
    {
      about: "Make the next root",
      line: "chancery trust next-root --data stopped-data --out made.json",
    },
    {
      about: "Make one that two of three people must sign from now on",
      line:
        "chancery trust next-root --data stopped-data --root-key ann.pub --root-key bob.pub " +
        "--root-key eve.pub --threshold 2 --out made.json",
    },
  ],
  load: async () => (await import("./trust-next-root-action.ts")).trustNextRootAction,
});
