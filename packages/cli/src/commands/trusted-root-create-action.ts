// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "@chancery/formats/bytes";
import { parseRfc3339 } from "@chancery/formats/json";
import {
  assembleTrustedRoot,
  type CertificateAuthority,
  decodeTrustedRoot,
  encodeTrustedRoot,
  type TransparencyLog,
  type TrustedRoot,
} from "@chancery/formats/trust";
import { type Invocation, type JsonResult, usageError } from "../framework/index.ts";
import { allowDocument, type DocumentFlags, emitDocument } from "../files/index.ts";
import { describeChain, describeKey, readAuthorities, readLogs } from "../trust-files/index.ts";
import { fetchTrustFiles } from "../verification/index.ts";

type List = readonly string[];

export interface TrustedRootCreateFlags extends DocumentFlags {
  readonly fulcio: List;
  readonly ctfe: List;
  readonly rekor: List;
  readonly tsa: List;
  readonly withDefaultServices: boolean;
  readonly noDefaultFulcio: boolean;
  readonly noDefaultCtfe: boolean;
  readonly noDefaultRekor: boolean;
  readonly noDefaultTsa: boolean;
  readonly offline: boolean;
  readonly certificateChain: List;
  readonly fulcioUri: List;
  readonly ctfeKey: List;
  readonly ctfeUrl: List;
  readonly ctfeStartTime: List;
  readonly ctfeEndTime: List;
  readonly rekorKey: List;
  readonly rekorUrl: List;
  readonly rekorStartTime: List;
  readonly rekorEndTime: List;
  readonly timestampCertificateChain: List;
  readonly timestampUri: List;
}

type Needs = Invocation<TrustedRootCreateFlags>;
type Services = Omit<TrustedRoot, "mediaType">;

/** Trusted roots are there to be handed on. */
const publicMode = 0o644;

/** Makes a trusted root of the services that the flags describe. */
export async function trustedRootCreateAction(invocation: Needs): Promise<void> {
  const { flags, report } = invocation;
  refuseMixtures(flags);
  await allowDocument(invocation);
  const given = await readServices(invocation);
  const defaults = flags.withDefaultServices ? await defaultServices(invocation) : none;
  if (!flags.withDefaultServices) warnOfIdleFlags(invocation);
  const services: Services = {
    tlogs: replaceById(defaults.tlogs, given.tlogs, invocation),
    ctlogs: replaceById(defaults.ctlogs, given.ctlogs, invocation),
    certificateAuthorities: [...defaults.certificateAuthorities, ...given.certificateAuthorities],
    timestampAuthorities: [...defaults.timestampAuthorities, ...given.timestampAuthorities],
  };
  if (Object.values(services).every((instances: readonly unknown[]) => instances.length === 0)) {
    throw usageError(
      "no service is described: such a trusted root trusts nobody",
      "pass --fulcio, --ctfe, --rekor, --tsa or --with-default-services",
    );
  }
  const text = encodeTrustedRoot(assembleTrustedRoot(services));
  decodeTrustedRoot(text);
  const json: JsonResult = { trustedRoot: JSON.parse(text) as JsonResult[string] };
  for (const [kind, name] of Object.entries(kinds)) {
    report.detail(`${services[kind as keyof Services].length} ${name}`);
  }
  await emitDocument(text, json, publicMode, invocation);
}

const none: Services = {
  tlogs: [],
  certificateAuthorities: [],
  ctlogs: [],
  timestampAuthorities: [],
};

const kinds: Readonly<Record<keyof Services, string>> = {
  certificateAuthorities: "certificate authorities (--fulcio)",
  ctlogs: "logs of certificates (--ctfe)",
  tlogs: "logs of signatures (--rekor)",
  timestampAuthorities: "timestamp authorities (--tsa)",
};

function refuseMixtures(flags: TrustedRootCreateFlags): void {
  const older = {
    fulcio: [...flags.certificateChain, ...flags.fulcioUri],
    ctfe: [...flags.ctfeKey, ...flags.ctfeUrl, ...flags.ctfeStartTime, ...flags.ctfeEndTime],
    rekor: [...flags.rekorKey, ...flags.rekorUrl, ...flags.rekorStartTime, ...flags.rekorEndTime],
    tsa: [...flags.timestampCertificateChain, ...flags.timestampUri],
  } as const;
  for (const [name, values] of Object.entries(older)) {
    if (values.length === 0 || flags[name as keyof typeof older].length === 0) continue;
    throw usageError(
      `cannot use --${name} and old ${name} flags at the same time`,
      `describe all in --${name}`,
    );
  }
}

async function readServices(invocation: Needs): Promise<Services> {
  const { flags } = invocation;
  const ctfe = [flags.ctfeKey, flags.ctfeUrl, flags.ctfeStartTime, flags.ctfeEndTime] as const;
  const rekor = [flags.rekorKey, flags.rekorUrl, flags.rekorStartTime, flags.rekorEndTime] as const;
  return {
    tlogs: [
      ...(await readLogs(flags.rekor, "--rekor", invocation)),
      ...(await olderLogs("rekor", rekor, invocation)),
    ],
    ctlogs: [
      ...(await readLogs(flags.ctfe, "--ctfe", invocation)),
      ...(await olderLogs("ctfe", ctfe, invocation)),
    ],
    certificateAuthorities: [
      ...(await readAuthorities(flags.fulcio, "fulcio", invocation)),
      ...(await olderAuthorities("fulcio", flags.certificateChain, flags.fulcioUri, invocation)),
    ],
    timestampAuthorities: [
      ...(await readAuthorities(flags.tsa, "tsa", invocation)),
      ...(await olderAuthorities(
        "tsa",
        flags.timestampCertificateChain,
        flags.timestampUri,
        invocation,
      )),
    ],
  };
}

async function olderAuthorities(
  kind: "fulcio" | "tsa",
  chains: List,
  uris: List,
  invocation: Needs,
): Promise<CertificateAuthority[]> {
  if (chains.length > 0) invocation.report.warn(`these flags are old: use --${kind} instead`);
  const found: CertificateAuthority[] = [];
  for (const [i, chain] of chains.entries()) {
    const authority = await describeChain({ uri: uris[i] ?? "", chain }, kind, invocation);
    // With the old flags cosign lets a TSA begin with its root, with the new ones with its leaf.
    const start = authority.certificates.at(-1)?.notBefore ?? authority.validFor.start;
    found.push({ ...authority, validFor: { start } });
  }
  return found;
}

/** The old flags of logs: keys, URLs, start and end times, those at the same place of one log. */
async function olderLogs(
  kind: "ctfe" | "rekor",
  [keys, urls, starts, ends]: readonly [List, List, List, List],
  invocation: Needs,
): Promise<TransparencyLog[]> {
  if (keys.length > 0) invocation.report.warn(`these flags are old: use --${kind} instead`);
  const found: TransparencyLog[] = [];
  for (const [i, key] of keys.entries()) {
    const comma = kind === "rekor" ? key.indexOf(",") : -1;
    const start = timeOf(starts[i], `--${kind}-start-time`) ?? new Date(0);
    const end = timeOf(ends[i], `--${kind}-end-time`);
    const path = comma === -1 ? key : key.slice(0, comma);
    const origin = comma === -1 ? undefined : key.slice(comma + 1) || undefined;
    const baseUrl = urls[i] ?? "";
    found.push(await describeKey({ baseUrl, path, start, end, origin }, invocation));
  }
  return found;
}

function timeOf(text: string | undefined, flag: string): Date | undefined {
  if (text === undefined) return undefined;
  const time = parseRfc3339(text);
  if (time) return time;
  const message = `${flag} is ${JSON.stringify(text)}, not a time of RFC 3339`;
  throw usageError(message, `${flag} 2024-01-01T00:00:00Z`);
}

async function defaultServices(invocation: Needs): Promise<Services> {
  const { flags } = invocation;
  const options = { offline: flags.offline, signingConfigTarget: null };
  const root = decodeTrustedRoot((await fetchTrustFiles(options, invocation)).trustedRoot);
  return {
    tlogs: flags.noDefaultRekor ? [] : root.tlogs,
    ctlogs: flags.noDefaultCtfe ? [] : root.ctlogs,
    certificateAuthorities: flags.noDefaultFulcio ? [] : root.certificateAuthorities,
    timestampAuthorities: flags.noDefaultTsa ? [] : root.timestampAuthorities,
  };
}

function warnOfIdleFlags({ flags, report }: Needs): void {
  const { noDefaultFulcio, noDefaultCtfe, noDefaultRekor, noDefaultTsa } = flags;
  if (noDefaultFulcio || noDefaultCtfe || noDefaultRekor || noDefaultTsa) {
    report.warn("--no-default-… flags do nothing without --with-default-services");
  }
}

/** Clients keep one log of an id: the one that was described. */
function replaceById(
  defaults: readonly TransparencyLog[],
  given: readonly TransparencyLog[],
  { report }: Needs,
): TransparencyLog[] {
  const kept = defaults.filter((log) => !given.some((item) => bytesEqual(item.logId, log.logId)));
  const replaced = defaults.length - kept.length;
  if (replaced > 0) report.say(`Replaced ${replaced} of the default logs, which have the same id`);
  return [...kept, ...given];
}
