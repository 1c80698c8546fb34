// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from "node:path";
import {
  environmentConfig,
  keyPasswordFrom,
  mergeConfig,
  parseConfigFile,
  resolveConfig,
  type StackConfigInput,
  stackFiles,
  startStack,
} from "@chancery/server";
import { decodeUtf8 } from "@chancery/formats/bytes";
import manifest from "../../package.json" with { type: "json" };
import type { Invocation } from "../framework/index.ts";
import { pathOf, readWhole, stopAsked } from "../files/index.ts";
import { usageLines } from "./up-usage.ts";

export interface UpFlags {
  readonly data: string;
  readonly config?: string;
  readonly listen?: string;
  readonly only?: string;
  readonly enabledApiEndpoints: readonly string[];
  readonly dev: boolean;
  readonly witnessPolicy?: string;
  readonly witnessRequired: boolean;
  readonly timeout: string;
}

const configBytesMax = 1 << 20;

/** Runs the services until somebody asks them to stop. */
export async function upAction(invocation: Invocation<UpFlags>): Promise<void> {
  const { flags, io, report, signal } = invocation;
  const { data, config: configFile } = flags;
  const written =
    configFile === undefined
      ? {}
      : parseConfigFile(
          decodeUtf8(await readWhole(configFile, "configuration", configBytesMax, invocation)),
          configFile,
        );
  const surroundings = mergeConfig(written, environmentConfig(io.env));
  const config = mergeConfig(surroundings, flagConfig(invocation));
  const stop = stopAsked(signal);
  const stack = await startStack({
    dataDirectory: pathOf(io, data),
    config,
    keyPassword: await keyPasswordFrom(io.env, (path) => pathOf(io, path)),
    version: manifest.version,
  });
  try {
    const files = {
      trustedRoot: join(data, stackFiles.trustedRoot),
      signingConfig: join(data, stackFiles.signingConfig),
    };
    const { url, hostname, facts } = stack;
    report.result({ url, hostname, ...facts, dataDirectory: data, ...files });
    for (const line of usageLines(stack, { data, ...files })) report.say(line);
    report.say("");
    report.say(`Ready at ${url}; Ctrl-C stops it`);
    const name = await stop;
    report.say(`Stopping on ${name}`);
  } finally {
    await stack.close();
  }
}

/** The flags that set what `chancery.yaml` does. */
const flagNames: Readonly<Record<string, string>> = {
  listen: "--listen",
  only: "--only",
  "log.enabledApiEndpoints": "--enabled-api-endpoints",
  "idp.dev": "--dev",
  "witness.policy": "--witness-policy",
  "witness.required": "--witness-required",
};

/** What flags say: only what is given goes before the configuration. @throws StackError */
function flagConfig({ flags, given, io }: Invocation<UpFlags>): StackConfigInput {
  const { listen, only, enabledApiEndpoints, dev, witnessPolicy, witnessRequired } = flags;
  const config = {
    ...(listen === undefined ? {} : { listen }),
    ...(only === undefined ? {} : { only: only.split(",") }),
    ...(given.has("enabledApiEndpoints") ? { log: { enabledApiEndpoints } } : {}),
    ...(given.has("dev") ? { idp: { dev } } : {}),
    witness: {
      ...(witnessPolicy === undefined ? {} : { policy: resolve(pathOf(io, witnessPolicy)) }),
      ...(given.has("witnessRequired") ? { required: witnessRequired } : {}),
    },
  };
  resolveConfig(config, (path) => flagNames[path.replace(/\.[0-9]+$/, "")] ?? "flags");
  return config;
}
