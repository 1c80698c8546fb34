// SPDX-License-Identifier: Apache-2.0
import {
  decodeSigningConfig,
  encodeSigningConfig,
  type ServiceConfiguration,
  type SigningConfig,
  signingConfigMediaType,
  type SigningService,
} from "@chancery/formats/trust";
import { CliError, type Invocation, type JsonResult, usageError } from "../framework/index.ts";
import { allowDocument, type DocumentFlags, emitDocument, readWhole } from "../files/index.ts";
import { readSelector, readService } from "../trust-files/index.ts";
import { fetchTrustFiles } from "../verification/index.ts";

type List = readonly string[];

export interface SigningConfigCreateFlags extends DocumentFlags {
  readonly fulcio: List;
  readonly rekor: List;
  readonly oidcProvider: List;
  readonly tsa: List;
  readonly rekorConfig?: string;
  readonly tsaConfig?: string;
  readonly baseConfig?: string;
  readonly withDefaultServices: boolean;
  readonly withDefaultRekorV2: boolean;
  readonly noDefaultFulcio: boolean;
  readonly noDefaultRekor: boolean;
  readonly noDefaultOidc: boolean;
  readonly noDefaultTsa: boolean;
  readonly offline: boolean;
}

type Needs = Invocation<SigningConfigCreateFlags>;

const publicMode = 0o644;
const configBytesMax = 4 << 20;
const defaultTarget = "signing_config.v0.2.json";
const rekorV2Target = "signing_config_rekor_v2.v0.2.json";

/** Makes a signing config of the services that the flags describe. */
export async function signingConfigCreateAction(invocation: Needs): Promise<void> {
  const { flags } = invocation;
  const given = readGiven(flags);
  await allowDocument(invocation);
  const begun = leaveOut(await readBeginning(invocation), flags);
  const services = (
    name: "caUrls" | "rekorTlogUrls" | "oidcUrls" | "tsaUrls",
  ): SigningService[] => {
    const replaces = flags.baseConfig !== undefined && given[name].length > 0;
    return [...(replaces ? [] : begun[name]), ...given[name]];
  };
  const rekorTlogConfig = given.rekorTlogConfig ?? begun.rekorTlogConfig;
  const tsaConfig = given.tsaConfig ?? begun.tsaConfig;
  const config: SigningConfig = {
    mediaType: signingConfigMediaType,
    caUrls: services("caUrls"),
    oidcUrls: services("oidcUrls"),
    rekorTlogUrls: services("rekorTlogUrls"),
    ...(rekorTlogConfig ? { rekorTlogConfig } : {}),
    tsaUrls: services("tsaUrls"),
    ...(tsaConfig ? { tsaConfig } : {}),
  };
  checkSelectors(config);
  const text = encodeSigningConfig(config);
  decodeSigningConfig(text);
  const json: JsonResult = { signingConfig: JSON.parse(text) as JsonResult[string] };
  await emitDocument(text, json, publicMode, invocation);
}

function readGiven(flags: SigningConfigCreateFlags): SigningConfig {
  const services = (texts: List, flag: string): SigningService[] =>
    texts.map((text) => readService(text, flag));
  const selector = (text: string | undefined, flag: string): ServiceConfiguration | undefined =>
    text === undefined ? undefined : readSelector(text, flag);
  const rekorTlogConfig = selector(flags.rekorConfig, "--rekor-config");
  const tsaConfig = selector(flags.tsaConfig, "--tsa-config");
  for (const name of ["rekor", "tsa"] as const) {
    if (flags[name].length > 0 && flags[`${name}Config`] === undefined) {
      const message = `--${name}-config must be provided when --${name} is specified`;
      throw usageError(message, `--${name}-config ANY`);
    }
  }
  return {
    mediaType: signingConfigMediaType,
    caUrls: services(flags.fulcio, "--fulcio"),
    oidcUrls: services(flags.oidcProvider, "--oidc-provider"),
    rekorTlogUrls: services(flags.rekor, "--rekor"),
    ...(rekorTlogConfig ? { rekorTlogConfig } : {}),
    tsaUrls: services(flags.tsa, "--tsa"),
    ...(tsaConfig ? { tsaConfig } : {}),
  };
}

const empty: SigningConfig = {
  mediaType: signingConfigMediaType,
  caUrls: [],
  oidcUrls: [],
  rekorTlogUrls: [],
  tsaUrls: [],
};

async function readBeginning(invocation: Needs): Promise<SigningConfig> {
  const { flags, report } = invocation;
  const { baseConfig, withDefaultServices, withDefaultRekorV2, offline } = flags;
  const useDefault = withDefaultServices || withDefaultRekorV2;
  if (baseConfig !== undefined && useDefault) {
    throw usageError(
      "--base-config and --with-default-… exclude each other",
      "pass the one to begin with",
    );
  }
  if (baseConfig !== undefined) {
    const bytes = await readWhole(baseConfig, "signing config", configBytesMax, invocation);
    return decodeSigningConfig(bytes);
  }
  if (!useDefault) {
    const { noDefaultFulcio, noDefaultRekor, noDefaultOidc, noDefaultTsa } = flags;
    if (noDefaultFulcio || noDefaultRekor || noDefaultOidc || noDefaultTsa) {
      report.warn("--no-default-… flags do nothing without services to begin with");
    }
    return empty;
  }
  const signingConfigTarget = withDefaultRekorV2 ? rekorV2Target : defaultTarget;
  const { signingConfig, mirror } = await fetchTrustFiles(
    { offline, signingConfigTarget },
    invocation,
  );
  if (signingConfig) return decodeSigningConfig(signingConfig);
  throw new CliError(
    "unavailable",
    "signing-config-absent",
    `${mirror} publishes no ${signingConfigTarget}`,
    { hint: "describe the services with --fulcio, --rekor, --oidc-provider and --tsa" },
  );
}

function leaveOut(config: SigningConfig, flags: SigningConfigCreateFlags): SigningConfig {
  const { rekorTlogConfig, tsaConfig } = config;
  return {
    mediaType: config.mediaType,
    caUrls: flags.noDefaultFulcio ? [] : config.caUrls,
    oidcUrls: flags.noDefaultOidc ? [] : config.oidcUrls,
    rekorTlogUrls: flags.noDefaultRekor ? [] : config.rekorTlogUrls,
    ...(rekorTlogConfig && !flags.noDefaultRekor ? { rekorTlogConfig } : {}),
    tsaUrls: flags.noDefaultTsa ? [] : config.tsaUrls,
    ...(tsaConfig && !flags.noDefaultTsa ? { tsaConfig } : {}),
  };
}

function checkSelectors(config: SigningConfig): void {
  const { caUrls, oidcUrls, rekorTlogUrls, tsaUrls } = config;
  if ([caUrls, oidcUrls, rekorTlogUrls, tsaUrls].every((services) => services.length === 0)) {
    throw usageError(
      "no service is described: nothing can be signed with such a config",
      "pass --fulcio, --rekor, --oidc-provider, --tsa or --with-default-services",
    );
  }
  for (const [name, services, selector] of [
    ["rekor", rekorTlogUrls, config.rekorTlogConfig],
    ["tsa", tsaUrls, config.tsaConfig],
  ] as const) {
    if (services.length === 0 || selector) continue;
    throw usageError(`nothing says how many of the --${name} to use`, `--${name}-config ANY`);
  }
}
