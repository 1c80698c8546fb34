// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { LogFollowFlags } from "./log-follow-action.ts";

export const logFollow: Command = defineCommand<LogFollowFlags>({
  name: "follow",
  summary: "Mirror a remote log, and verify every step of it",
  description:
    "Copies a tiled log (C2SP tlog-tiles) into a directory. Takes over nothing before it is " +
    "verified: each checkpoint is signed and extends the one before, and the entries lead to it. " +
    "Goes on where it was broken off. Ends with 1 where the log contradicts itself, and prints " +
    "both checkpoints. URL is the prefix under which `checkpoint` and `tile/` are.",
  arguments: [{ name: "URL" }, { name: "DIR" }],
  flags: {
    vkey: {
      type: "text",
      value: "VKEY",
      about: "the log's verifier key; needed at first, unless there is a trusted root",
    },
    trustedRoot: {
      type: "text",
      value: "FILE",
      about: "trusted root with the log's key",
    },
    once: { type: "boolean", about: "end when everything is copied that there is now" },
    interval: {
      type: "text",
      value: "DURATION",
      about: "how long to wait before looking again",
      default: "10s",
    },
    timeout: {
      type: "text",
      short: "t",
      value: "DURATION",
      about: "stop after this long; 0 never does",
      default: "0",
    },
  },
  examples: [
    {
      about: "Copy a log as it is now",
      line:
        "chancery log follow --once --trusted-root chancery-data/trusted_root.json " +
        "http://127.0.0.1:3000/api/v2 mirror",
    },
  ],
  load: async () => (await import("./log-follow-action.ts")).logFollowAction,
});
