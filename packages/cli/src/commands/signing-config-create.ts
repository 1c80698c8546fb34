// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { SigningConfigCreateFlags } from "./signing-config-create-action.ts";

const service = (about: string) => ({ type: "list", commas: false, value: "SPEC", about }) as const;

export const signingConfigCreate: Command = defineCommand<SigningConfigCreateFlags>({
  name: "create",
  summary: "Make a signing config from the addresses of services",
  description:
    "Each service is a list of key=value, separated by commas: url, api-version (1; of Rekor 1 or " +
    "2), start-time (like 2024-01-01T00:00:00Z), operator, and where wanted end-time. Services that " +
    "are described take the place of the same kind in --base-config, and are added to the default " +
    "ones.",
  flags: {
    fulcio: service("authority that issues certificates"),
    rekor: service("log of signatures"),
    oidcProvider: service("provider of identity tokens"),
    tsa: service("authority that issues timestamps"),
    rekorConfig: { type: "text", value: "N", about: "logs to use: ANY, ALL or EXACT:N" },
    tsaConfig: { type: "text", value: "N", about: "timestamps to get: ANY, ALL or EXACT:N" },
    baseConfig: { type: "text", value: "FILE", about: "signing config to begin with" },
    withDefaultServices: { type: "boolean", about: "begin with the signing config that TUF has" },
    withDefaultRekorV2: { type: "boolean", about: "begin with the one that has Rekor v2" },
    noDefaultFulcio: { type: "boolean", about: "of that leave out the authorities" },
    noDefaultRekor: { type: "boolean", about: "of that leave out the logs" },
    noDefaultOidc: { type: "boolean", about: "of that leave out the identity providers" },
    noDefaultTsa: { type: "boolean", about: "of that leave out the timestamp authorities" },
    offline: { type: "boolean", about: "take the default services from TUF's cache alone" },
    out: { type: "text", value: "FILE", about: "where to write it; default standard output" },
    yes: { type: "boolean", short: "y", about: "overwrite an existing file without asking" },
  },
  examples: [
    {
      about: "Sign with a private instance",
      line:
        "chancery signing-config create" +
        " --fulcio url=https://fulcio.example.com,api-version=1," +
        "start-time=2024-01-01T00:00:00Z,operator=example.com" +
        " --oidc-provider url=https://oidc.example.com,api-version=1," +
        "start-time=2024-01-01T00:00:00Z,operator=example.com" +
        " --rekor url=https://rekor.example.com,api-version=2," +
        "start-time=2024-01-01T00:00:00Z,operator=example.com --rekor-config ANY" +
        " --out private_config.json",
    },
  ],
  load: async () => (await import("./signing-config-create-action.ts")).signingConfigCreateAction,
});
