// SPDX-License-Identifier: Apache-2.0
import { type Command, type Flag, flagName, type Group, isGroup } from "./command.ts";
import { usageError } from "./errors.ts";

/** Long names that mean another on every command, as cosign has them. */
const aliases: Readonly<Record<string, string>> = {
  cert: "certificate",
  "cert-chain": "certificate-chain",
  "cert-email": "certificate-email",
  "cert-identity": "certificate-identity",
  "cert-oidc-issuer": "certificate-oidc-issuer",
  "output-cert": "output-certificate",
};

interface Known {
  readonly name: string;
  readonly flag: Flag;
}

/**
 * Rewrites arguments as cosign's users type them into the one form that the parser reads:
 * `--flag=value` for everything, booleans included.
 *
 * `-foo` becomes `--foo` with a warning, `--o` becomes `-o`, aliases their flags, and a boolean
 * never takes the argument after it. What is not known stays as it is, for the parser to refuse.
 *
 * @throws CliError for a boolean that is neither true nor false, and a flag where a value belongs
 */
export function normalizeArgv(
  argv: readonly string[],
  root: Group,
  globals: Readonly<Record<string, Flag>>,
  warn: (message: string) => void,
): string[] {
  let node: Command | Group = root;
  const words: string[] = [];
  const rest: string[] = [];
  // Flags that stand before the command are given to it.
  const out = (text: string): void => void (isGroup(node) ? rest : words).push(text);
  for (let i = 0; i < argv.length; i++) {
    const token = argv[i] as string;
    if (token === "--") return [...words, ...rest, ...argv.slice(i)];
    if (!token.startsWith("-") || token === "-") {
      words.push(token);
      node = (isGroup(node) && node.commands.find((child) => child.name === token)) || node;
      continue;
    }
    if (isGroup(node) && /^--?version$/.test(token)) {
      words.push("version");
      continue;
    }
    const { dashed, value } = split(token, warn);
    const known = find(dashed, node, globals);
    if (!known) {
      out(value === undefined ? dashed : `${dashed}=${value}`);
    } else if (known.flag.type === "boolean") {
      const on = value === undefined || readBoolean(value, `--${known.name}`);
      out(`--${known.name}=${on}`);
    } else if (value !== undefined) {
      out(`--${known.name}=${value}`);
    } else {
      const next = argv[++i];
      if (next === undefined || takesItsPlace(next, node, globals)) {
        throw usageError(`--${known.name} needs a value`, `--${known.name} ${known.flag.value}`);
      }
      out(`--${known.name}=${next}`);
    }
  }
  return [...words, ...rest];
}

/** Reads a truth value as Go's flags do. @throws CliError */
export function readBoolean(text: string, name: string): boolean {
  if (/^(1|t|true|T|True|TRUE)$/.test(text)) return true;
  if (/^(0|f|false|F|False|FALSE)$/.test(text)) return false;
  throw usageError(`${name} is ${JSON.stringify(text)}, neither true nor false`);
}

function split(
  token: string,
  warn: (message: string) => void,
): { dashed: string; value: string | undefined } {
  const equals = token.indexOf("=");
  const head = equals === -1 ? token : token.slice(0, equals);
  const value = equals === -1 ? undefined : token.slice(equals + 1);
  if (head.startsWith("--")) return { dashed: head.length === 3 ? head.slice(1) : head, value };
  if (head.length <= 2) return { dashed: head, value };
  warn(`use -${head} instead of ${head}`);
  return { dashed: `-${head}`, value };
}

function find(
  dashed: string,
  node: Command | Group,
  globals: Readonly<Record<string, Flag>>,
): Known | undefined {
  const own = isGroup(node) ? {} : node.flags;
  const long = dashed.startsWith("--") ? dashed.slice(2) : undefined;
  for (const flags of [own, globals]) {
    for (const [key, flag] of Object.entries(flags)) {
      const name = flagName(key);
      const match =
        long === undefined
          ? flag.short === dashed.slice(1)
          : name === long || name === aliases[long] || flag.aliases?.includes(long);
      if (match) return { name, flag };
    }
  }
  return undefined;
}

/** Whether a flag stands where a value belongs: its value was forgotten. */
function takesItsPlace(
  token: string,
  node: Command | Group,
  globals: Readonly<Record<string, Flag>>,
): boolean {
  if (!token.startsWith("--") || token === "--") return token === "--";
  return find(token.split("=", 1)[0] as string, node, globals) !== undefined;
}
