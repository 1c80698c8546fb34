// SPDX-License-Identifier: Apache-2.0
import { stringify } from "yaml";
import { z } from "zod";
import { configSchema, resolveConfig, type StackConfigInput } from "./config.ts";
import { StackError } from "./errors.ts";

/** One setting, as the schema of the configuration has it. */
export interface Setting {
  /** Its names from the outermost: `["log", "hostname"]`. */
  readonly path: readonly string[];
  /** The environment's variable that sets it: `CHANCERY_LOG_HOSTNAME`. */
  readonly variable: string;
  readonly about: string;
  readonly kind: "text" | "number" | "boolean" | "list" | "json";
  /** Undefined where it has none. */
  readonly default: unknown;
  /** Something that one may write, where there is no default. */
  readonly example: unknown;
}

type Env = Readonly<Record<string, string | undefined>>;

/** What is read of JSON Schema. */
interface Described {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

/** Every setting, in the order of the schema. */
export const settings: readonly Setting[] = collect(
  z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as Described,
  [],
);

/**
 * The settings that an environment sets, each by a variable of its own. A variable that is empty
 * counts as unset; lists have commas between their items, and what is no text is JSON.
 * @throws StackError `configuration`, naming each variable that is wrong
 */
export function environmentConfig(env: Env): StackConfigInput {
  const config: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const setting of settings) {
    const text = env[setting.variable];
    if (text === undefined || text === "") continue;
    try {
      put(config, setting.path, valueOf(setting, text));
    } catch (cause) {
      if (!(cause instanceof StackError)) throw cause;
      problems.push(cause.message);
    }
  }
  if (problems.length > 0) throw new StackError("configuration", problems.join("\n"));
  resolveConfig(config, variableOf);
  return config as StackConfigInput;
}

/** `chancery.yaml` as it is written at the first start: every setting, commented. */
export const configTemplate: string = [
  "# Settings of this Chancery, commented out: what is shown is the default, or where there is none,",
  "# an example. Flags go before variables (chancery env tells their names), these before --config,",
  "# and that before this file.",
  ...settings.flatMap((setting, i) => [
    ...sectionsBegun(setting, settings[i - 1]),
    ...commented(setting),
  ]),
  "",
].join("\n");

function collect({ properties = {} }: Described, above: readonly string[]): Setting[] {
  return Object.entries(properties).flatMap(([name, described]) => {
    const path = [...above, name];
    if (described.properties) return collect(described, path);
    const words = path.map((word) => word.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase());
    const { description: about = "", default: fallback, examples = [] } = described;
    return {
      path,
      variable: `CHANCERY_${words.join("_")}`,
      about,
      kind: kindOf(described),
      default: fallback,
      example: examples[0],
    };
  });
}

function kindOf({ type, items }: Described): Setting["kind"] {
  switch (type) {
    case "string":
      return "text";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return items?.type === "string" ? "list" : "json";
    default:
      return "json";
  }
}

function valueOf({ kind, variable, path }: Setting, text: string): unknown {
  const refused = (what: string): StackError =>
    new StackError("configuration", `${variable}: ${path.join(".")}: is not ${what}`);
  switch (kind) {
    case "text":
      return text;
    case "number":
      if (/^-?[0-9]{1,15}$/.test(text)) return Number(text);
      throw refused("a whole number");
    case "boolean":
      if (text === "true" || text === "1") return true;
      if (text === "false" || text === "0") return false;
      throw refused("true or false");
    case "list":
      return text.split(",").map((item) => item.trim());
    case "json":
      try {
        return JSON.parse(text);
      } catch {
        throw refused("JSON"); // what the parser says may quote a secret
      }
  }
}

/** The variable of a path, or of the setting that it leads into. */
function variableOf(path: string): string {
  const found = settings.find((setting) => `${path}.`.startsWith(`${setting.path.join(".")}.`));
  return found?.variable ?? "environment";
}

function put(config: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = "", ...below] = path;
  if (below.length === 0) {
    config[name] = value;
    return;
  }
  const section = (config[name] ??= {}) as Record<string, unknown>;
  put(section, below, value);
}

/** Headings of the sections that a setting is the first of. */
function sectionsBegun({ path }: Setting, before: Setting | undefined): string[] {
  const sections = path.slice(0, -1);
  const isNew = sections.some((name, i) => before?.path[i] !== name);
  if (!isNew) return path.length === 1 ? [""] : [];
  return ["", ...sections.map((name, i) => `# ${"  ".repeat(i)}${name}:`)];
}

function commented({ path, about, default: fallback, example }: Setting): string[] {
  const indent = `# ${"  ".repeat(path.length - 1)}`;
  const name = path.at(-1) as string;
  const written = stringify({ [name]: fallback ?? example })
    .trimEnd()
    .split("\n");
  return [`# ${about}`, ...written].map((line) => indent + line);
}
