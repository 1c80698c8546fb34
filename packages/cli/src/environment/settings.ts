// SPDX-License-Identifier: Apache-2.0
import type { Setting } from "@chancery/server";
import { type Variable, variables } from "./variables.ts";

/** All variables, with those of the settings of `chancery up`, which take longer to load. */
export async function allVariables(): Promise<readonly Variable[]> {
  const { settings } = await import("@chancery/server");
  return [...variables, ...settings.map(variableOf)];
}

function variableOf({ variable: name, path, about, kind, default: fallback }: Setting): Variable {
  return {
    name,
    about: `is ${path.join(".")} of chancery up: ${about}`,
    expects: expected[kind] + (fallback === undefined ? "" : ` (default ${shown(fallback, kind)})`),
  };
}

const expected: Readonly<Record<Setting["kind"], string>> = {
  text: "text",
  number: "a whole number",
  boolean: "true or false",
  list: "names with commas between them",
  json: "JSON",
};

function shown(value: unknown, kind: Setting["kind"]): string {
  switch (kind) {
    case "list":
      return (value as readonly string[]).join(",");
    case "json":
      return JSON.stringify(value);
    default:
      return String(value);
  }
}
