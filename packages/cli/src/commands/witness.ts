// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { WitnessFlags } from "./witness-action.ts";

export const witness: Command = defineCommand<WitnessFlags>({
  name: "witness",
  summary: "Cosign the checkpoints of logs that only grow",
  description:
    "Serves C2SP tlog-witness: POST /add-checkpoint, and GET /<SHA-256 of origin>/checkpoint. " +
    "The first start makes the witness's key. Prints its verifier key, a line for each request as " +
    "JSON on standard output. Stops on SIGINT and SIGTERM.",
  flags: {
    data: {
      type: "text",
      value: "DIR",
      about: "where key and records are kept",
      default: "chancery-witness",
    },
    listen: {
      type: "text",
      value: "HOST:PORT",
      about: "where to listen",
      default: "127.0.0.1:3100",
    },
    log: {
      type: "list",
      value: "VKEY",
      commas: false,
      about: "verifier key of a log to witness; may be repeated",
    },
    name: {
      type: "text",
      value: "NAME",
      about: "the witness's name for ever, such as witness.example.com; default: the host",
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
      about: "Witness a log",
      line:
        "chancery witness --name witness.example " +
        "--log log.example+43778645+ASE+oQz0bdlA3KlVtteccGvgbs2IQd3v9XUNnjXg6pkL",
    },
  ],
  load: async () => (await import("./witness-action.ts")).witnessAction,
});
