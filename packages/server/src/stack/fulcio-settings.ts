// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { isListenAddress } from "./listen.ts";

/** The certificate authority's section of the configuration. */
export interface FulcioSettings {
  /**
   * Fulcio's own configuration file: whose tokens are believed, beside the stack's own identity
   * provider. Relative paths of this section start from the data directory.
   */
  readonly config?: string | undefined;
  /** Where it is served over gRPC, too: `host:port`. */
  readonly grpcListen?: string | undefined;
  /** PEM: the CA that issues first, the root last; in the place of a chain that is made. */
  readonly chain?: string | undefined;
  /** PKCS #8 in PEM: the key of the first certificate of `chain`. */
  readonly key?: string | undefined;
  /** File with the password of `key`, in its first line. */
  readonly keyPassword?: string | undefined;
  /** PEM: chains that issued once, each root last, and are still told to clients. */
  readonly earlierChains: readonly string[];
  /** A certificate log elsewhere, without `/ct/v1/…`; the stack's own where it is absent. */
  readonly ctLogUrl?: string | undefined;
  /** PEM: by which that log's timestamps verify. */
  readonly ctLogKey?: string | undefined;
  /** How long certificates live, where their issuer's settings say nothing else. */
  readonly lifetimeSeconds: number;
  /** How long before they are issued they begin, likewise. */
  readonly backdateSeconds: number;
  /** Which PKCS #10 requests are taken, likewise. */
  readonly certificateRequests: "named" | "bound" | "none";
  /** Hosts of issuers that may be at internal addresses although no issuer has that very host. */
  readonly internalHosts: readonly string[];
}

type Input = { readonly [Name in keyof FulcioSettings]?: FulcioSettings[Name] | undefined };

const path = z.string().min(1);

/** The section, with its defaults; in `configSchema`. */
export const fulcioSchema: z.ZodPrefault<z.ZodType<FulcioSettings, Input>> = z
  .strictObject({
    config: path
      .optional()
      .describe("Fulcio's configuration file: whose tokens are believed, beside our own idp's")
      .meta({ examples: ["fulcio.yaml"] }),
    grpcListen: z
      .string()
      .refine(isListenAddress, "is not host:port, such as 127.0.0.1:5554")
      .optional()
      .describe("where to serve gRPC too, host:port, without TLS")
      .meta({ examples: ["127.0.0.1:5554"] }),
    chain: path
      .optional()
      .describe("PEM file with your own CA, the issuing one first, the root last")
      .meta({ examples: ["fulcio-chain.pem"] }),
    key: path
      .optional()
      .describe("PEM file with the key (PKCS #8) of the first certificate of chain")
      .meta({ examples: ["fulcio-key.pem"] }),
    keyPassword: path
      .optional()
      .describe("file with the password of key")
      .meta({ examples: ["fulcio-password"] }),
    earlierChains: z
      .array(path)
      .max(64)
      .default([])
      .describe("PEM files with chains that issued once and are still to be believed"),
    ctLogUrl: z
      .string()
      .refine(isLogUrl, "is not an http or https URL without query or user name")
      .optional()
      .describe("certificate log elsewhere, in the place of our own")
      .meta({ examples: ["https://ct.example.com/2027"] }),
    ctLogKey: path
      .optional()
      .describe("PEM file with the public key of that log")
      .meta({ examples: ["ct-log.pub"] }),
    lifetimeSeconds: z
      .int()
      .min(60)
      .max(86_400)
      .default(600)
      .describe("how long certificates live"),
    backdateSeconds: z
      .int()
      .min(0)
      .max(600)
      .default(0)
      .describe("how long before they are issued they begin"),
    certificateRequests: z
      .enum(["named", "bound", "none"])
      .default("named")
      .describe("PKCS #10 requests: named may name no other identity, bound must name it"),
    internalHosts: z
      .array(z.string().min(1))
      .max(64)
      .default([])
      .describe("hosts, or host:port, of issuers' keys that may be at internal addresses"),
  })
  .refine(
    ({ chain, key }) => (chain === undefined) === (key === undefined),
    "chain and key go together",
  )
  .refine(
    ({ ctLogUrl, ctLogKey }) => (ctLogUrl === undefined) === (ctLogKey === undefined),
    "ctLogUrl and ctLogKey go together: SCTs are verified before a certificate leaves",
  )
  .prefault({});

function isLogUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username === "" &&
    url.search === "" &&
    url.hash === ""
  );
}
