// SPDX-License-Identifier: Apache-2.0
import { algorithms } from "@chancery/formats/crypto";
import { isNoteKeyName } from "@chancery/formats/note";
import { keyPurposes } from "@chancery/formats/x509";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { defaultAlgorithmPolicy, rekorOperations } from "../rekor/index.ts";
import { StackError } from "./errors.ts";
import { type FulcioSettings, fulcioSchema } from "./fulcio-settings.ts";
import { isListenAddress } from "./listen.ts";
import { dottedNumber, milliseconds } from "./setting-types.ts";
import { type TsaSettings, tsaSchema } from "./tsa-settings.ts";

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
    /** Operations that are served, as Rekor's `--enabled_api_endpoints`; the others answer 501. */
    readonly enabledApiEndpoints: readonly string[];
  };
  readonly events: {
    /** Gets a CloudEvent for each new entry. */
    readonly webhook?: string | undefined;
    /** How long it may take to answer. */
    readonly timeoutMs: number;
  };
  readonly witness: {
    /**
     * File with a policy (C2SP tlog-policy). In files relative ones start from the data directory,
     * in flags and variables from where the command runs.
     */
    readonly policy?: string | undefined;
    /** Whether a checkpoint that has no quorum is kept back. */
    readonly required: boolean;
    /** How long a witness may take. */
    readonly timeoutMs: number;
  };
  readonly idp: {
    /** Signs anyone in as any e-mail address; on loopback only. */
    readonly dev: boolean;
    /** How long identity tokens live. */
    readonly tokenSeconds: number;
    /** Other OpenID providers to sign in at. */
    readonly upstreams: readonly {
      readonly id: string;
      readonly name: string;
      readonly issuer: string;
      readonly clientId: string;
      /** File with the client's secret; relative ones start from the data directory. */
      readonly clientSecretFile?: string | undefined;
    }[];
    /** Whose tokens machines may exchange for ours. */
    readonly trustedIssuers: readonly {
      readonly id: string;
      readonly issuer: string;
      readonly audience: string;
      readonly jwksUrl?: string | undefined;
    }[];
  };
  readonly fulcio: FulcioSettings;
  readonly ct: {
    /** File with roots whose certificates are logged, beside those of the stack's own authority. */
    readonly roots?: string | undefined;
    /** Purposes, dotted, one of which a certificate must be for. */
    readonly purposes: readonly string[];
  };
  readonly tsa: TsaSettings;
  readonly tuf: {
    /** How long root, targets and snapshot hold; they are signed anew after half of it. */
    readonly rootDays: number;
    /** How long the timestamp holds: clients stop that far after the stack does. */
    readonly timestampDays: number;
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
  readonly events?: Optional<StackConfig["events"]>;
  readonly witness?: Optional<StackConfig["witness"]>;
  readonly idp?: Optional<StackConfig["idp"]>;
  readonly fulcio?: Optional<StackConfig["fulcio"]>;
  readonly ct?: Optional<StackConfig["ct"]>;
  readonly tsa?: Optional<StackConfig["tsa"]>;
  readonly tuf?: Optional<StackConfig["tuf"]>;
  readonly limits?: Optional<StackConfig["limits"]>;
  readonly logging?: Optional<StackConfig["logging"]>;
}

type Optional<T> = { readonly [Name in keyof T]?: T[Name] | undefined } | undefined;

const flags: readonly string[] = algorithms.flatMap(({ flag }) => flag ?? []);
const bytes = z
  .int()
  .min(1024)
  .max(256 << 20);
const count = z.int().min(1).max(1_000_000);

/** In front of the subjects of an issuer, so that no two issuers can name the same one. */
const issuerId = z
  .string()
  .regex(
    /^(?!dev$)[a-z0-9][a-z0-9-]{0,31}$/,
    "is not lower-case letters, digits and hyphens, or is dev",
  );

const issuerUrl = z
  .string()
  .refine(isIssuer, "is not an https URL, or http on this computer, without query or user name");

/** One of a list of names. */
const oneOf = (names: readonly string[]): z.ZodString =>
  z.string().refine((name) => names.includes(name), `is not one of ${names.join(", ")}`);

/**
 * Every setting, with its default. Unknown names are refused. What a setting is for stands in its
 * description, and what one may write in its example where it has no default: `settings.ts` makes
 * of both `chancery.yaml`, the environment's variables and their help.
 */
export const configSchema: z.ZodType<StackConfig, StackConfigInput> = z.strictObject({
  listen: z
    .string()
    .refine(isListenAddress, "is not host:port, such as 127.0.0.1:3000 or [::1]:3000")
    .default("127.0.0.1:3000")
    .describe("where to listen, host:port; port 0 takes any that is free"),
  publicUrl: z
    .string()
    .refine(isOrigin, "is not an http or https URL without a path, such as https://log.example.com")
    .optional()
    .describe("how clients reach it, where that is not http at the address above")
    .meta({ examples: ["https://log.example.com"] }),
  only: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("the services to run, where it is not all")
    .meta({ examples: [["rekor"]] }),
  log: z
    .strictObject({
      hostname: z
        .string()
        .refine(isNoteKeyName, "cannot name a log")
        .optional()
        .describe("the log's name for ever, where it is not the host of publicUrl")
        .meta({ examples: ["log.example.com"] }),
      operator: z
        .string()
        .min(1)
        .optional()
        .describe("who runs it, as the signing config says, where it is not the hostname")
        .meta({ examples: ["example.com"] }),
      algorithms: z
        .array(oneOf(flags))
        .min(1)
        .default(defaultAlgorithmPolicy.map(({ flag }) => flag as string))
        .describe("what clients may sign with"),
      attestationSizeBytesMax: z
        .int()
        .min(0)
        .max(16 << 20)
        .default(102_400)
        .describe("largest attestation that is kept for readers"),
      frozen: z.boolean().default(false).describe("true: nothing is logged any more"),
      enabledApiEndpoints: z
        .array(oneOf(rekorOperations))
        .default([...rekorOperations])
        .describe("operations that are served; the others answer 501"),
    })
    .prefault({}),
  events: z
    .strictObject({
      webhook: z
        .string()
        .refine(isWebhook, "is not an http or https URL without a user name")
        .optional()
        .describe("gets a CloudEvent for each new entry")
        .meta({ examples: ["http://127.0.0.1:9000/new-entry"] }),
      timeoutMs: milliseconds.default(10_000).describe("how long it may take to answer"),
    })
    .prefault({}),
  witness: z
    .strictObject({
      policy: z
        .string()
        .min(1)
        .optional()
        .describe("file that says who cosigns the checkpoints (C2SP tlog-policy)")
        .meta({ examples: ["witnesses.policy"] }),
      required: z
        .boolean()
        .default(false)
        .describe("true: without a quorum nothing is acknowledged"),
      timeoutMs: milliseconds.default(1000).describe("how long a witness may take"),
    })
    .prefault({}),
  idp: z
    .strictObject({
      dev: z
        .boolean()
        .default(false)
        .describe("true: anyone on this computer signs in as any e-mail address"),
      tokenSeconds: z.int().min(60).max(600).default(300).describe("how long tokens live"),
      upstreams: z
        .array(
          z.strictObject({
            id: issuerId,
            name: z.string().min(1).max(64),
            issuer: issuerUrl,
            clientId: z.string().min(1),
            clientSecretFile: z.string().min(1).optional(),
          }),
        )
        .refine(haveOwnIds, "has an id twice")
        .default([])
        .describe("other OpenID providers: id, name, issuer, clientId, clientSecretFile"),
      trustedIssuers: z
        .array(
          z.strictObject({
            id: issuerId,
            issuer: issuerUrl,
            audience: z.string().min(1),
            jwksUrl: issuerUrl.optional(),
          }),
        )
        .refine(haveOwnIds, "has an id twice")
        .default([])
        .describe("whose tokens machines may exchange: id, issuer, audience, jwksUrl"),
    })
    .prefault({}),
  fulcio: fulcioSchema,
  ct: z
    .strictObject({
      roots: z
        .string()
        .min(1)
        .optional()
        .describe("PEM file with more roots whose certificates are logged")
        .meta({ examples: ["ct-roots.pem"] }),
      purposes: z
        .array(dottedNumber)
        .min(1)
        .default([keyPurposes.codeSigning])
        .describe("extended key usages, one of which a certificate must name"),
    })
    .prefault({}),
  tsa: tsaSchema,
  tuf: z
    .strictObject({
      rootDays: z
        .int()
        .min(2)
        .max(3650)
        .default(365)
        .describe("for how many days root, targets and snapshot of TUF hold"),
      timestampDays: z
        .int()
        .min(1)
        .max(365)
        .default(7)
        .describe("for how many days TUF's timestamp holds: clients outlive a stop that long"),
    })
    .prefault({}),
  limits: z
    .strictObject({
      bodySizeBytesMaxV1: bytes.default(32 << 20).describe("largest body of a request to Rekor v1"),
      bodySizeBytesMaxV2: bytes.default(4 << 20).describe("largest body of a request to Rekor v2"),
      headerSizeBytesMax: bytes.default(32 << 10).describe("request line and headers; above: 431"),
      headersTimeoutMs: milliseconds.default(10_000).describe("for headers to arrive; then 408"),
      requestTimeoutMs: milliseconds.default(30_000).describe("for requests to arrive; then 408"),
      connectionsMax: count.default(4096).describe("connections; above: 503"),
      requestsMax: count.default(4096).describe("requests that are being answered; above: 503"),
    })
    .prefault({}),
  logging: z
    .strictObject({
      level: z
        .enum(["debug", "info", "warn", "error", "silent"])
        .default("info")
        .describe("what is written on standard output: debug, info, warn, error or silent"),
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
 * @param source where they are from, or for each path where that setting is from.
 * @throws StackError `configuration`, naming each setting that is wrong by its path
 */
export function resolveConfig(
  value: unknown,
  source: string | ((path: string) => string) = "configuration",
): StackConfig {
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message, ...issue }) => {
    const keys = "keys" in issue ? issue.keys : [];
    const name = [...path, ...keys].map(String).join(".") || "the whole";
    const from = typeof source === "string" ? source : source(name);
    return `${from}: ${name}: ${keys.length > 0 ? "no such setting" : message}`;
  });
  throw new StackError("configuration", problems.join("\n"));
}

/** The second over the first, setting by setting; lists are replaced whole. */
export function mergeConfig(base: StackConfigInput, over: StackConfigInput): StackConfigInput {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const below = merged[name];
    merged[name] = isSection(value) && isSection(below) ? { ...below, ...value } : value;
  }
  return merged as StackConfigInput;
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.origin === text.replace(/\/$/, "") &&
    url.username === ""
  );
}

/** Without TLS only where nobody is in between. */
function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.search !== "" || url.hash !== "") return false;
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && isLocal);
}

function haveOwnIds(items: readonly { readonly id: string }[]): boolean {
  return new Set(items.map(({ id }) => id)).size === items.length;
}

function isWebhook(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "";
}
