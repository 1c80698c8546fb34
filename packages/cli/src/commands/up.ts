// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { UpFlags } from "./up-action.ts";

export const up: Command = defineCommand<UpFlags>({
  name: "up",
  summary: "Run a private Sigstore: certificates, logs, timestamps, trust, sign-in",
  description:
    "Serves all of Sigstore in one process, on one data directory, which the first start makes: " +
    "Rekor (v1 and v2), Fulcio, a log of certificates, timestamps, a TUF repository and an OpenID " +
    "provider. Prints how to use it, here and with cosign, and a line for each request as JSON on " +
    "standard output. Stops on SIGINT and SIGTERM; what was acknowledged is kept.\n\n" +
    "Flags go before variables, these before the file of --config, and that before chancery.yaml " +
    "in the data directory, which the first start writes with every setting in it. Each setting " +
    "has a variable, CHANCERY_ and its path: CHANCERY_LOG_HOSTNAME is log.hostname. chancery env " +
    "lists them.",
  flags: {
    data: {
      type: "text",
      value: "DIR",
      about: "where keys and log are kept",
      default: "chancery-data",
    },
    config: {
      type: "text",
      value: "FILE",
      about: "settings that go before those of chancery.yaml in the data directory",
    },
    listen: { type: "text", value: "HOST:PORT", about: "where to listen; default 127.0.0.1:3000" },
    only: {
      type: "text",
      value: "NAMES",
      about: "run these services alone: some of rekor,tsa,ct,idp,fulcio,tuf",
    },
    enabledApiEndpoints: {
      type: "list",
      value: "NAMES",
      about: "serve these operations of Rekor's APIs alone, such as getLogInfo,createLogEntry",
      aliases: ["enabled_api_endpoints"],
    },
    dev: {
      type: "boolean",
      about: "sign anyone on this computer in as any e-mail address, to try things out",
    },
    witnessPolicy: {
      type: "text",
      value: "FILE",
      about: "policy (C2SP tlog-policy) of the witnesses that cosign the log's checkpoints",
    },
    witnessRequired: {
      type: "boolean",
      about: "acknowledge nothing that too few of them cosigned",
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
    { about: "Run all of it in this folder", line: "chancery up" },
    {
      about: "Run another one, on any port that is free",
      line: "chancery up --data other --listen 127.0.0.1:0",
    },
    {
      about: "Run one that is known by its name, set up by variables",
      line:
        "CHANCERY_LOG_HOSTNAME=log.example.com CHANCERY_PUBLIC_URL=https://log.example.com " +
        "chancery up --data named --listen 127.0.0.1:0",
    },
    {
      about: "Run a log alone, without certificates",
      line: "chancery up --data log --listen 127.0.0.1:0 --only rekor,tuf",
    },
    {
      about: "Have witnesses cosign its checkpoints",
      line: "chancery up --witness-policy witnesses.policy",
    },
  ],
  load: async () => (await import("./up-action.ts")).upAction,
});
