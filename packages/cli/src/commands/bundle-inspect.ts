// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { BundleInspectFlags } from "./bundle-inspect-action.ts";

export const bundleInspect: Command = defineCommand<BundleInspectFlags>({
  name: "inspect",
  summary: "Show what a bundle says, without verifying any of it",
  description:
    "BUNDLE is a path, or - for standard input; cosign's older bundles are read too. Of a malformed " +
    "one the parts that can be read are shown, then the places that cannot, and the exit code is 2.",
  arguments: [{ name: "BUNDLE" }],
  flags: {
    trustedRoot: {
      type: "text",
      value: "FILE",
      about: "trusted root to take the names of logs and authorities from",
    },
  },
  examples: [
    { about: "Look into a bundle", line: "chancery bundle inspect a.sigstore.json" },
    {
      about: "Know the logs and authorities by name",
      line: "chancery bundle inspect --trusted-root trusted_root.json a.sigstore.json",
    },
  ],
  load: async () => (await import("./bundle-inspect-action.ts")).bundleInspectAction,
});
