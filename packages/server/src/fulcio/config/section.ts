// SPDX-License-Identifier: Apache-2.0

/** What is found while a configuration is read, each with the path of the setting. */
export interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
}

/**
 * One object of the configuration, asked for its settings by their YAML names. A setting may also
 * have its JSON name, in any case, as Go reads them: `issuer-url`, `IssuerURL`, `issuerurl`. Wrong
 * values are noted as problems, settings that do not exist as warnings: Fulcio ignores them.
 */
export class Section {
  readonly path: string;
  readonly #findings: Findings;
  readonly #values = new Map<string, unknown>();

  /** @param settings YAML names of all there are */
  constructor(value: unknown, path: string, settings: readonly string[], findings: Findings) {
    this.path = path;
    this.#findings = findings;
    for (const [key, inner] of this.#entries(value, "")) {
      const setting = settings.find((name) => isSpelling(key, name));
      if (setting === undefined) {
        if (!key.startsWith("x-") && !(path === "" && key === "define")) {
          findings.warnings.push(`${this.#place(key)}: no such setting; it is ignored`);
        }
      } else if (this.#values.has(setting)) {
        this.problem(setting, "is set twice, in two spellings");
      } else if (inner !== null && inner !== undefined) {
        this.#values.set(setting, inner);
      }
    }
  }

  /** A text; numbers are taken as they are written. Empty is absent, as in Fulcio. */
  text(setting: string): string | undefined {
    const value = this.#values.get(setting);
    if (value === undefined || value === "") return undefined;
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    this.problem(setting, `must be a text, not ${kindOf(value)}`);
    return undefined;
  }

  flag(setting: string): boolean {
    const value = this.#values.get(setting) ?? false;
    if (typeof value === "boolean") return value;
    this.problem(setting, `must be true or false, not ${kindOf(value)}`);
    return false;
  }

  /** The entries of a map with names of its own. */
  entries(setting: string): [name: string, value: unknown][] {
    return this.#entries(this.#values.get(setting), setting);
  }

  problem(setting: string, problem: string): void {
    this.#findings.problems.push(`${this.#place(setting)}: ${problem}`);
  }

  /** The path of an entry of a map, whose name may hold anything. */
  entryPath(setting: string, name: string): string {
    return `${this.#place(setting)}[${JSON.stringify(name)}]`;
  }

  /** The value of a setting as it was written; undefined where it is absent, or empty. */
  raw(setting: string): unknown {
    const value = this.#values.get(setting);
    return value === "" ? undefined : value;
  }

  #entries(value: unknown, setting: string): [string, unknown][] {
    if (value === undefined || value === null) return [];
    if (typeof value === "object" && !Array.isArray(value)) return Object.entries(value);
    this.problem(setting, `must be a map, not ${kindOf(value)}`);
    return [];
  }

  #place(setting: string): string {
    const place = [this.path, setting].filter((part) => part !== "").join(".");
    return place === "" ? "the whole" : place;
  }
}

function isSpelling(key: string, setting: string): boolean {
  return key === setting || key.toLowerCase() === setting.replaceAll("-", "");
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a map" : `a ${typeof value}`;
}
