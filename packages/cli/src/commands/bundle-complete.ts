// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { BundleCompleteFlags } from "./bundle-complete-action.ts";

export const bundleComplete: Command = defineCommand<BundleCompleteFlags>({
  name: "complete",
  summary: "Log a signature whose log could not be reached when it was made",
  description:
    "Signing with --allow-pending writes BUNDLE.pending.json beside a BUNDLE whose log entry is " +
    "missing. This enters the signature, puts the proof into BUNDLE, and removes that file. The " +
    "time of signing stays the one that the bundle's timestamp states.",
  arguments: [{ name: "BUNDLE" }],
  flags: {
    trustedRoot: {
      type: "text",
      value: "FILE",
      about: "verify with this trusted root before anything is written",
    },
  },
  examples: [
    {
      about: "Complete a bundle when the log is back",
      line: "chancery bundle complete release.tar.gz.sigstore.json",
    },
  ],
  load: async () => (await import("./bundle-complete-action.ts")).bundleCompleteAction,
});
