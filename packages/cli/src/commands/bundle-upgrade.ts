// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { BundleUpgradeFlags } from "./bundle-upgrade-action.ts";

export const bundleUpgrade: Command = defineCommand<BundleUpgradeFlags>({
  name: "upgrade",
  summary: "Turn a bundle of version 0.1 or 0.2 into one of version 0.3",
  description:
    "BUNDLE is a path, or - for standard input. What verified before verifies after. Version 0.3 " +
    "demands the log's proof: a bundle with nothing but its promise is refused, as the proof is not " +
    "fetched. cosign's older bundle with such a promise becomes one of version 0.1.",
  arguments: [{ name: "BUNDLE" }],
  flags: {
    out: { type: "text", value: "FILE", about: "where to write it; default standard output" },
    yes: { type: "boolean", short: "y", about: "overwrite an existing file without asking" },
    rekorUrl: {
      type: "text",
      value: "URL",
      about: "",
      ignored: "logs are not asked for proofs that a bundle lacks",
    },
  },
  examples: [
    {
      about: "Write the newer bundle beside the older one",
      line: "chancery bundle upgrade --out new.sigstore.json old.sigstore.json",
    },
  ],
  load: async () => (await import("./bundle-upgrade-action.ts")).bundleUpgradeAction,
});
