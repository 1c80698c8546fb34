// SPDX-License-Identifier: Apache-2.0
import { type Invocation, printable } from "../framework/index.ts";
import { allVariables, type Variable } from "../environment/index.ts";

export interface EnvFlags {
  readonly showDescriptions: boolean;
  readonly showSensitiveValues: boolean;
}

const mask = "******";
const prefixes = /^(?:CHANCERY|COSIGN|SIGSTORE|TUF)_/;
const others =
  "# Not listed above: flags by their name (CHANCERY_KEY is --key), or without effect here";

/** Prints variables, sorted, with what they are for and what they are set to. */
export async function envAction({ flags, io, report }: Invocation<EnvFlags>): Promise<void> {
  const { showDescriptions, showSensitiveValues } = flags;
  const known = (await allVariables()).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const names = new Set(known.map(({ name }) => name));
  const unknown = Object.keys(io.env)
    .filter((name) => prefixes.test(name) && !names.has(name))
    .sort();
  const shown = (name: string, sensitive: boolean): string => {
    const value = io.env[name] ?? "";
    return sensitive && !showSensitiveValues && value !== "" ? mask : value;
  };
  const line = (name: string, sensitive: boolean): string =>
    `${name}=${printable(shown(name, sensitive))}`;
  const lines = known.flatMap((variable) => {
    const setting = line(variable.name, variable.sensitive === true);
    return showDescriptions ? [...describe(variable), setting] : [setting];
  });
  if (unknown.length > 0 && showDescriptions) lines.push(others);
  // Whatever is in them: a flag may hold a password, or a variable a private key (env://NAME).
  for (const name of unknown) lines.push(line(name, true));
  const json = {
    variables: known.map(({ name, about, expects, sensitive = false, effect = true }) => ({
      name,
      value: io.env[name] === undefined ? null : shown(name, sensitive),
      sensitive,
      effect,
      description: about,
      expects,
    })),
    others: unknown.map((name) => ({ name, value: shown(name, true) })),
  };
  report.result(json, `${lines.join("\n")}\n`);
}

function describe({ name, about, expects, effect }: Variable): string[] {
  const note = effect === false ? " (cosign's; without effect here)" : "";
  return [`# ${name} ${about}${note}`, `# Expects: ${expects}`];
}
