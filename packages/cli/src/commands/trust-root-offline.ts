// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import { dataFlag } from "./trust-flags.ts";
import type { TrustRootOfflineFlags } from "./trust-root-offline-action.ts";

export const trustRootOffline: Command = defineCommand<TrustRootOfflineFlags>({
  name: "root-offline",
  summary: "Take the root key out of the server",
  description:
    "Writes the key to FOLDER, such as one on a medium that is then taken away, and removes it from " +
    "the server. The server goes on by itself until the root is due to be renewed or keys are " +
    "replaced; it says so then, and the next root is made with next-root, sign-root and " +
    "import-root. The key stays encrypted where it was. Backups of the data directory still hold it.",
  arguments: [{ name: "FOLDER" }],
  flags: { data: dataFlag },
  examples: [
    {
      about: "Keep the root key on a medium of its own",
      line: "chancery trust root-offline medium --data stopped-data",
    },
  ],
  load: async () => (await import("./trust-root-offline-action.ts")).trustRootOfflineAction,
});
