// SPDX-License-Identifier: Apache-2.0
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MessageSigner, PublicKey } from "@chancery/formats/crypto";
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
import {
  currentGeneration,
  type Generation,
  type Generations,
  readGenerations,
} from "../generations.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

const firstKey = "tsa";

/** The timestamp authority. */
export const tsa: StackService<never> = {
  name: "tsa",
  generations: [firstKey],
  open: openTsa,
};

const algorithm = "PKIX_ECDSA_P256_SHA_256";
const path = "/api/v1/timestamp";

async function openTsa(context: StackContext): Promise<OpenService<never>> {
  const { config, metrics, logger, operator } = context;
  const generations = await readGenerations(context.dataDirectory, firstKey);
  const current = currentGeneration(generations);
  const { file, signer, chain } = await openGeneration(context, current);
  const former = await readFormer(context, generations);
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
      const uri = `${base}${path}`;
      const described = describeTimestampAuthority({ uri, certificates: chain });
      const older = former.map(({ chain: certificates, until: end }) =>
        describeTimestampAuthority({ uri, certificates, validFor: { end } }),
      );
      const { start } = described.validFor;
      return {
        timestampAuthorities: [...older, described],
        tsaUrls: [{ url: uri, majorApiVersion: 1, validFor: { start }, operator }],
      };
    },
    notReady: async () => authority?.problem(),
    usage: ({ url }) => ({ places: [["timestamps", `${url}${path}`]] }),
    close: async () => authority?.close(),
  };
}

/**
 * Of the certificates in a data directory, leaf first. Public, but whoever changes it stops us.
 * Those of former keys stay, as clients need them to verify.
 */
function chainFile({ number }: Generation): string {
  return join("tsa", number === 1 ? "chain.pem" : `chain-${number}.pem`);
}

async function openGeneration(
  { dataDirectory, keys, operator }: StackContext,
  generation: Generation,
): Promise<{ file: string; signer: MessageSigner; chain: readonly Certificate[] }> {
  const { name } = generation;
  const file = join(dataDirectory, chainFile(generation));
  const text = await readText(file);
  if (text === undefined && keys.has(name)) {
    const message =
      `${file} is missing, but there is its key: restore it from a backup, or out of the trusted ` +
      `root; where no timestamp was ever made, remove the key ${name}.pem`;
    throw new StackError("key", message);
  }
  const key = await keys.open(name, algorithm, { mayMake: text === undefined });
  const signer = messageSigner(key);
  const chain =
    text === undefined ? await makeChain(file, signer.publicKey, operator) : readChain(file, text);
  return { file, signer, chain };
}

interface FormerChain {
  readonly chain: readonly Certificate[];
  readonly until: Date | undefined;
}

/** The chains of keys that sign no more; the keys themselves are of no use. */
async function readFormer(
  { dataDirectory, keys }: StackContext,
  generations: Generations,
): Promise<readonly FormerChain[]> {
  const former: FormerChain[] = [];
  for (const generation of generations.slice(0, -1)) {
    const file = join(dataDirectory, chainFile(generation));
    const text = await readText(file);
    if (text !== undefined) {
      former.push({ chain: readChain(file, text), until: generation.until });
    } else if (keys.has(generation.name)) {
      const message = `${file} is missing: old timestamps need it; restore it from a backup`;
      throw new StackError("key", message);
    } // Else it was replaced before it was ever used.
  }
  return former;
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
