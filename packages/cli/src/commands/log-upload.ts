// SPDX-License-Identifier: Apache-2.0
import { artifactFlags, logFlags } from "../flags/index.ts";
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogUploadFlags } from "./log-upload-action.ts";

export const logUpload: Command = defineCommand<LogUploadFlags>({
  name: "upload",
  summary: "Log a signature that exists",
  description:
    "Of a hashedrekord the log gets a digest of the artifact, the signature and the key. What it " +
    "has already is no failure. What a log has is there for all to see, and for good.",
  flags: { ...artifactFlags, ...logFlags },
  examples: [
    {
      about: "Log the signature of a file",
      line:
        "chancery log upload --rekor-server http://127.0.0.1:3000 --artifact release.tar.gz" +
        " --signature release.tar.gz.sig --public-key cosign.pub",
    },
  ],
  load: async () => (await import("./log-upload-action.ts")).logUploadAction,
});
