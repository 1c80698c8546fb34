// SPDX-License-Identifier: Apache-2.0
import { keyPasswordFrom, startWitness } from "@chancery/server";
import manifest from "../../package.json" with { type: "json" };
import { pathOf, stopAsked } from "../files/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";

export interface WitnessFlags {
  readonly data: string;
  readonly listen: string;
  readonly log: readonly string[];
  readonly name?: string;
  readonly timeout: string;
}

/** Runs a witness until somebody asks it to stop. */
export async function witnessAction(invocation: Invocation<WitnessFlags>): Promise<void> {
  const { flags, io, report, signal } = invocation;
  const { data, listen, log: logs, name } = flags;
  if (logs.length === 0) {
    throw usageError("a witness needs a log to witness", "--log VKEY, which `chancery up` prints");
  }
  const stop = stopAsked(signal);
  const server = await startWitness({
    dataDirectory: pathOf(io, data),
    listen,
    logs,
    ...(name === undefined ? {} : { name }),
    keyPassword: await keyPasswordFrom(io.env, (path) => pathOf(io, path)),
    version: manifest.version,
  });
  try {
    const { url, vkey } = server;
    report.result({ url, name: server.name, vkey, dataDirectory: data });
    report.say(`verifier key    ${vkey}`);
    report.say(`policy line     witness ${server.name} ${vkey} ${url}`);
    report.say("");
    report.say(`Ready at ${url}; Ctrl-C stops it`);
    report.say(`Stopping on ${await stop}`);
  } finally {
    await server.close();
  }
}
