// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from "@chancery/formats/crypto";
import { describeTimestampAuthority } from "@chancery/formats/trust";
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
import { openConfiguredChain } from "../operator-chain.ts";
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
  const { config, dataDirectory, keys, metrics, logger, operator } = context;
  const files = {
    dataDirectory,
    keys,
    keyName: firstKey,
    algorithm,
    folder: firstKey,
    what: "old timestamps",
    make: async (publicKey: PublicKey) => makeTimestampChain(publicKey, operator, new Date()),
  };
  const { file, signer, chain, former } = await openConfiguredChain(files, config.tsa);
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
