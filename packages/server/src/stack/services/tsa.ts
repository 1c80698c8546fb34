// SPDX-License-Identifier: Apache-2.0
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PublicKey } from "@chancery/formats/crypto";
import { messageSigner } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { describeTimestampAuthority } from "@chancery/formats/trust";
import {
  type Certificate,
  decodeCertificatesPem,
  encodeCertificatePem,
} from "@chancery/formats/x509";
import {
  addTimestampAuthority,
  defaultTimestampPolicy,
  makeTimestampChain,
  parseNtpServer,
  type ServedTimestampAuthority,
  type TimestampAuthorityOptions,
  TimestampChainError,
} from "../../tsa/index.ts";
import type { StackConfig } from "../config.ts";
import { StackError } from "../errors.ts";
import { readText, writeWhole } from "../files.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

/** The timestamp authority. */
export const tsa: StackService<never> = { name: "tsa", open: openTsa };

const keyName = "tsa";
const algorithm = "PKIX_ECDSA_P256_SHA_256";
/** Of the certificates in a data directory, leaf first. Public, but whoever changes it stops us. */
const chainFile = join("tsa", "chain.pem");
const path = "/api/v1/timestamp";

async function openTsa(context: StackContext): Promise<OpenService<never>> {
  const { config, keys, logger, metrics, operator } = context;
  const file = join(context.dataDirectory, chainFile);
  const text = await readText(file);
  if (text === undefined && keys.has(keyName)) {
    const message =
      `${file} is missing, but there is its key: restore it from a backup, or out of the trusted ` +
      `root; where no timestamp was ever made, remove the key ${keyName}.pem`;
    throw new StackError("key", message);
  }
  const key = await keys.open(keyName, algorithm, { mayMake: text === undefined });
  const signer = messageSigner(key);
  const chain =
    text === undefined ? await makeChain(file, signer.publicKey, operator) : readChain(file, text);
  let authority: ServedTimestampAuthority | undefined;
  return {
    addRoutes: async (app) => {
      try {
        const options = { signer, chain, metrics, logger, ...settingsOf(config.tsa) };
        authority = await addTimestampAuthority(app, options);
      } catch (cause) {
        if (!(cause instanceof TimestampChainError)) throw cause;
        throw new StackError("key", `${file}: ${cause.message}`, { cause });
      }
    },
    trust: (base) => {
      const described = describeTimestampAuthority({ uri: `${base}${path}`, certificates: chain });
      const { uri: url, validFor } = described;
      return {
        timestampAuthorities: [described],
        tsaUrls: [{ url, majorApiVersion: 1, validFor: { start: validFor.start }, operator }],
      };
    },
    notReady: async () => authority?.problem(),
    usage: ({ url }) => ({ places: [["timestamps", `${url}${path}`]] }),
    close: async () => authority?.close(),
  };
}

/** How often the clock is compared, and how long without, as Sigstore's authority has it. */
const ntpTimes = { intervalMs: 60_000, timeoutMs: 5_000, graceMs: 600_000 } as const;

function settingsOf(settings: StackConfig["tsa"]): Partial<TimestampAuthorityOptions> {
  const { policies, rfc3161Statuses, ntpServers, clockOffsetMsMax } = settings;
  const [policy = defaultTimestampPolicy, ...acceptedPolicies] = policies;
  const servers = ntpServers.flatMap((text) => parseNtpServer(text) ?? []);
  const quorum = settings.ntpQuorum ?? Math.floor(servers.length / 2) + 1;
  const ntp = { servers, quorum, offsetMsMax: clockOffsetMsMax, ...ntpTimes };
  return {
    policy,
    acceptedPolicies,
    rfc3161Statuses,
    jumpMsMax: clockOffsetMsMax,
    ...(servers.length > 0 && { ntp }),
  };
}

async function makeChain(
  file: string,
  publicKey: PublicKey,
  operator: string,
): Promise<readonly Certificate[]> {
  const chain = await makeTimestampChain(publicKey, operator, new Date());
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeWhole(file, chain.map(encodeCertificatePem).join(""));
  return chain;
}

function readChain(file: string, text: string): readonly Certificate[] {
  try {
    return decodeCertificatesPem(text);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("key", `${file}: ${cause.message}`, { cause });
  }
}
