// SPDX-License-Identifier: Apache-2.0
import { algorithms } from "@chancery/formats/crypto";
import { isNoteKeyName } from "@chancery/formats/note";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { defaultAlgorithmPolicy } from "../rekor/index.ts";
import { StackError } from "./errors.ts";

/** All settings of a stack, defaults filled in. */
export interface StackConfig {
  /** `host:port`; port 0 takes any that is free. */
  readonly listen: string;
  /** How clients reach it; derived from `listen` where it is absent. */
  readonly publicUrl?: string | undefined;
  /** Names of the services to run; all where it is absent. */
  readonly only?: readonly string[] | undefined;
  readonly log: {
    /** The log's name for ever, where it is not to be the host of the public URL. */
    readonly hostname?: string | undefined;
    readonly operator?: string | undefined;
    /** What clients may sign with, by the names of Rekor's `--client-signing-algorithms`. */
    readonly algorithms: readonly string[];
    readonly attestationSizeBytesMax: number;
    /** Nothing is logged any more. */
    readonly frozen: boolean;
  };
  readonly witness: {
    /** File with a policy (C2SP tlog-policy); relative ones start from the data directory. */
    readonly policy?: string | undefined;
    /** Whether a checkpoint that has no quorum is kept back. */
    readonly required: boolean;
    /** How long a witness may take. */
    readonly timeoutMs: number;
  };
  readonly limits: {
    readonly bodySizeBytesMaxV1: number;
    readonly bodySizeBytesMaxV2: number;
    readonly headerSizeBytesMax: number;
    readonly headersTimeoutMs: number;
    readonly requestTimeoutMs: number;
    readonly connectionsMax: number;
    readonly requestsMax: number;
  };
  readonly logging: { readonly level: "debug" | "info" | "warn" | "error" | "silent" };
}

/** What may be written: everything is optional. */
export interface StackConfigInput {
  readonly listen?: string | undefined;
  readonly publicUrl?: string | undefined;
  readonly only?: readonly string[] | undefined;
  readonly log?: Optional<StackConfig["log"]>;
  readonly witness?: Optional<StackConfig["witness"]>;
  readonly limits?: Optional<StackConfig["limits"]>;
  readonly logging?: Optional<StackConfig["logging"]>;
}

type Optional<T> = { readonly [Name in keyof T]?: T[Name] | undefined } | undefined;

const flags: readonly string[] = algorithms.flatMap(({ flag }) => flag ?? []);
const bytes = z
  .int()
  .min(1024)
  .max(256 << 20);
const milliseconds = z.int().min(1).max(3_600_000);
const count = z.int().min(1).max(1_000_000);

/** `host:port`, an IPv6 address in brackets. */
const listenPattern = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):([0-9]{1,5})$/;

/** Every setting of `chancery.yaml`, with its default. Unknown names are refused. */
const schema: z.ZodType<StackConfig, StackConfigInput> = z.strictObject({
  listen: z
    .string()
    .refine((text) => {
      const port = listenPattern.exec(text)?.[3];
      return port !== undefined && Number(port) <= 65_535;
    }, "is not host:port, such as 127.0.0.1:3000 or [::1]:3000")
    .default("127.0.0.1:3000"),
  publicUrl: z
    .string()
    .refine(isOrigin, "is not an http or https URL without a path, such as https://log.example.com")
    .optional(),
  only: z.array(z.string()).min(1).optional(),
  log: z
    .strictObject({
      hostname: z.string().refine(isNoteKeyName, "cannot name a log").optional(),
      operator: z.string().min(1).optional(),
      algorithms: z
        .array(
          z.string().refine((flag) => flags.includes(flag), `is not one of ${flags.join(", ")}`),
        )
        .min(1)
        .default(defaultAlgorithmPolicy.map(({ flag }) => flag as string)),
      attestationSizeBytesMax: z
        .int()
        .min(0)
        .max(16 << 20)
        .default(102_400),
      frozen: z.boolean().default(false),
    })
    .prefault({}),
  witness: z
    .strictObject({
      policy: z.string().min(1).optional(),
      required: z.boolean().default(false),
      timeoutMs: milliseconds.default(1000),
    })
    .prefault({}),
  limits: z
    .strictObject({
      bodySizeBytesMaxV1: bytes.default(32 << 20),
      bodySizeBytesMaxV2: bytes.default(4 << 20),
      headerSizeBytesMax: bytes.default(32 << 10),
      headersTimeoutMs: milliseconds.default(10_000),
      requestTimeoutMs: milliseconds.default(30_000),
      connectionsMax: count.default(4096),
      requestsMax: count.default(4096),
    })
    .prefault({}),
  logging: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
    })
    .prefault({}),
});

/**
 * Reads a configuration file.
 * @param source its name, for errors.
 * @throws StackError `configuration`, with the line, or with the path of the setting
 */
export function parseConfigFile(text: string, source: string): StackConfigInput {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    const problem = `${source}:${line}:${col}: ${error.message.split("\n", 1)[0]}`;
    throw new StackError("configuration", problem, { cause: error });
  }
  const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {};
  resolveConfig(value, source);
  return value as StackConfigInput;
}

/**
 * Checks settings and fills in the defaults.
 * @throws StackError `configuration`, naming each setting that is wrong by its path
 */
export function resolveConfig(value: unknown, source = "configuration"): StackConfig {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message, ...issue }) => {
    const keys = "keys" in issue ? issue.keys : [];
    const name = [...path, ...keys].map(String).join(".") || "the whole";
    return `${source}: ${name}: ${keys.length > 0 ? "no such setting" : message}`;
  });
  throw new StackError("configuration", problems.join("\n"));
}

/** The second over the first, setting by setting. */
export function mergeConfig(base: StackConfigInput, over: StackConfigInput): StackConfigInput {
  const { log, witness, limits, logging } = base;
  return {
    ...base,
    ...over,
    log: { ...log, ...over.log },
    witness: { ...witness, ...over.witness },
    limits: { ...limits, ...over.limits },
    logging: { ...logging, ...over.logging },
  };
}

/** Takes `host:port` apart. */
export function listenAddress(listen: string): { readonly host: string; readonly port: number } {
  const [, ipv6, name, port] = listenPattern.exec(listen) ?? [];
  return { host: ipv6 ?? name ?? "127.0.0.1", port: Number(port) };
}

/** `chancery.yaml` as it is written at the first start: every setting at its default, commented. */
export const configTemplate: string = `# Settings of this Chancery, all at their defaults; flags and the environment go before them.

# listen: 127.0.0.1:3000
# publicUrl: https://log.example.com   # how clients reach it; default: http at the address above
# only: [rekor]                        # the services to run; default: all

# log:
#   hostname: log.example.com          # the log's name for ever; default: the host of publicUrl
#   operator: example.com
#   attestationSizeBytesMax: 102400
#   frozen: false                      # true: nothing is logged any more

# witness:
#   policy: witnesses.policy           # C2SP tlog-policy: who cosigns the checkpoints of the v2 API
#   required: false                    # true: without a quorum nothing is acknowledged
#   timeoutMs: 1000

# limits:
#   bodySizeBytesMaxV1: 33554432
#   bodySizeBytesMaxV2: 4194304
#   connectionsMax: 4096
#   requestsMax: 4096
#   requestTimeoutMs: 30000

# logging:
#   level: info                        # debug, info, warn, error, silent
`;

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.origin === text.replace(/\/$/, "") &&
    url.username === ""
  );
}
