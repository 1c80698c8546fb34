// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from "node:path";
import {
  mergeConfig,
  parseConfigFile,
  type Stack,
  type StackConfigInput,
  stackFiles,
  startStack,
} from "@chancery/server";
import { decodeUtf8 } from "@chancery/formats/bytes";
import manifest from "../../package.json" with { type: "json" };
import type { Invocation } from "../framework/index.ts";
import { pathOf, readWhole, shellWord, stopAsked } from "../files/index.ts";

export interface UpFlags {
  readonly data: string;
  readonly config?: string;
  readonly listen?: string;
  readonly witnessPolicy?: string;
  readonly witnessRequired: boolean;
  readonly timeout: string;
}

const configBytesMax = 1 << 20;

/** Runs the services until somebody asks them to stop. */
export async function upAction(invocation: Invocation<UpFlags>): Promise<void> {
  const { flags, io, report, signal } = invocation;
  const { data, config: configFile, listen } = flags;
  const written =
    configFile === undefined
      ? {}
      : parseConfigFile(
          decodeUtf8(await readWhole(configFile, "configuration", configBytesMax, invocation)),
          configFile,
        );
  const config = mergeConfig(written, { witness: witnessOf(invocation) });
  const stop = stopAsked(signal);
  const stack = await startStack({
    dataDirectory: pathOf(io, data),
    config,
    ...(listen === undefined ? {} : { listen }),
    version: manifest.version,
  });
  try {
    const files = {
      trustedRoot: join(data, stackFiles.trustedRoot),
      signingConfig: join(data, stackFiles.signingConfig),
    };
    const { url, hostname, treeId, vkey } = stack;
    report.result({ url, hostname, treeId: String(treeId), vkey, dataDirectory: data, ...files });
    for (const line of instructions(stack, files)) report.say(line);
    const name = await stop;
    report.say(`Stopping on ${name}`);
  } finally {
    await stack.close();
  }
}

/** What flags say of witnesses: only what is given goes before the configuration. */
function witnessOf({ flags, given, io }: Invocation<UpFlags>): StackConfigInput["witness"] {
  const { witnessPolicy, witnessRequired } = flags;
  return {
    ...(witnessPolicy === undefined ? {} : { policy: resolve(pathOf(io, witnessPolicy)) }),
    ...(given.has("witnessRequired") ? { required: witnessRequired } : {}),
  };
}

interface Files {
  readonly trustedRoot: string;
  readonly signingConfig: string;
}

function instructions({ url, vkey }: Stack, files: Files): string[] {
  const root = shellWord(files.trustedRoot);
  const services = `--signing-config ${shellWord(files.signingConfig)} --trusted-root ${root}`;
  const [key, file] = ["--key cosign.key", "FILE"];
  const bundle = `--bundle ${file}.sigstore.json ${file}`;
  return [
    `Rekor v1        ${url}/api/v1/log`,
    `Rekor v2        ${url}/api/v2/log/entries`,
    `API             ${url}/docs`,
    `trusted root    ${files.trustedRoot}`,
    `signing config  ${files.signingConfig}`,
    `log key         ${vkey}`,
    "",
    "With Chancery:",
    "  chancery generate-key-pair",
    `  chancery sign-blob ${key} ${services} ${file}`,
    `  chancery verify-blob --key cosign.pub --trusted-root ${root} ${file}`,
    `  chancery log search --rekor-server ${url} --public-key cosign.pub`,
    "With cosign:",
    `  cosign sign-blob ${key} ${services} ${bundle}`,
    `  cosign verify-blob --key cosign.pub --trusted-root ${root} ${bundle}`,
    "",
    `Ready at ${url}; Ctrl-C stops it`,
  ];
}
