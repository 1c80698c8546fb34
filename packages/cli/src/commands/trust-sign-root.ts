// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { TrustSignRootFlags } from "./trust-sign-root-action.ts";

export const trustSignRoot: Command = defineCommand<TrustSignRootFlags>({
  name: "sign-root",
  summary: "Sign a root that next-root has made",
  description:
    "Adds a signature to FILE, for which nothing but the file and the key is needed. Says what is " +
    "signed: compare the key ids with those that others see.",
  arguments: [{ name: "FILE" }],
  flags: {
    key: { type: "text", value: "REF", about: "root key, ECDSA P-256: a file, or a reference" },
    passwordFile: { type: "text", value: "FILE", about: "file with the password of the key" },
  },
  examples: [
    { about: "Sign the next root", line: "chancery trust sign-root next-root.json --key root.pem" },
  ],
  load: async () => (await import("./trust-sign-root-action.ts")).trustSignRootAction,
});
