// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { defaultTimestampPolicy, parseNtpServer } from "../tsa/index.ts";
import type { OperatorChainSettings } from "./operator-chain.ts";
import { dottedNumber, milliseconds } from "./setting-types.ts";

/** The timestamp authority's section of the configuration. */
export interface TsaSettings extends OperatorChainSettings {
  /** Those that may be asked for, dotted; the first is the one where none is. */
  readonly policies: readonly string[];
  /** Refusals are answered as RFC 3161 has them, not as Sigstore's authority does. */
  readonly rfc3161Statuses: boolean;
  /** `host` or `host:port`; none: the clock is compared with nothing outside. */
  readonly ntpServers: readonly string[];
  /** How many of them must agree with the clock; more than half where it is absent. */
  readonly ntpQuorum?: number | undefined;
  /** How far the clock may be off theirs, and may be set while the service runs. */
  readonly clockOffsetMsMax: number;
}

type Input = { readonly [Name in keyof TsaSettings]?: TsaSettings[Name] | undefined };

const path = z.string().min(1);

/** The section, with its defaults; in `configSchema`. */
export const tsaSchema: z.ZodPrefault<z.ZodType<TsaSettings, Input>> = z
  .strictObject({
    chain: path
      .optional()
      .describe("PEM file with your own certificates, the one that signs first, the root last")
      .meta({ examples: ["tsa-chain.pem"] }),
    key: path
      .optional()
      .describe("PEM file with the key (PKCS #8) of the first certificate of chain")
      .meta({ examples: ["tsa-key.pem"] }),
    keyPassword: path
      .optional()
      .describe("file with the password of key")
      .meta({ examples: ["tsa-password"] }),
    earlierChains: z
      .array(path)
      .max(64)
      .default([])
      .describe("PEM files with chains that signed once and are still to be believed"),
    policies: z
      .array(dottedNumber)
      .min(1)
      .default([defaultTimestampPolicy])
      .describe("policies that may be asked for, the first where none is"),
    rfc3161Statuses: z
      .boolean()
      .default(false)
      .describe("true: refusals are timestamp responses, as in RFC 3161"),
    ntpServers: z
      .array(z.string().refine((text) => parseNtpServer(text) !== undefined, "is not host:port"))
      .max(16)
      .default([])
      .describe("servers that the clock is compared with, host or host:port"),
    ntpQuorum: z
      .int()
      .min(1)
      .max(16)
      .optional()
      .describe("how many of them must agree, where it is not more than half")
      .meta({ examples: [3] }),
    clockOffsetMsMax: milliseconds
      .default(1000)
      .describe("how far the clock may be off, or set while the service runs"),
  })
  .refine(
    ({ chain, key }) => (chain === undefined) === (key === undefined),
    "chain and key go together",
  )
  .refine(
    ({ ntpQuorum = 0, ntpServers: { length } }) => length === 0 || ntpQuorum <= length,
    "ntpQuorum is above the number of ntpServers",
  )
  .prefault({});
