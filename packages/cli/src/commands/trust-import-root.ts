// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import { dataFlag } from "./trust-flags.ts";
import type { TrustImportRootFlags } from "./trust-import-root-action.ts";

export const trustImportRoot: Command = defineCommand<TrustImportRootFlags>({
  name: "import-root",
  summary: "Publish a root that was signed elsewhere",
  description:
    "Checks first that clients will take it: that it is the next version, is signed by enough root " +
    "keys of the version before and of its own, has not expired, and names the keys that sign here.",
  arguments: [{ name: "FILE" }],
  flags: { data: dataFlag },
  examples: [
    {
      about: "Publish the signed root",
      line: "chancery trust import-root next-root.json --data stopped-data",
    },
  ],
  load: async () => (await import("./trust-import-root-action.ts")).trustImportRootAction,
});
