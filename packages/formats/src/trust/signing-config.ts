// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";
import { ObjectDecoder, parseJson } from "../json/index.ts";
import { trustLimits } from "./trusted-root.ts";
import { decodeValidity, encodeValidity, type ValidityPeriod } from "./validity.ts";

/** A service that signers may call. */
export interface SigningService {
  /** An http or https URL: base of the API; of a TSA the endpoint itself. */
  readonly url: string;
  /** 0 stands for a service that is not released. */
  readonly majorApiVersion: number;
  readonly validFor: ValidityPeriod;
  /** Services of one operator are one party; empty where it is absent. */
  readonly operator: string;
}

/** How many operators' services a signer calls. */
export type ServiceConfiguration =
  | { readonly selector: "ANY" | "ALL" }
  | { readonly selector: "EXACT"; readonly count: number };

/** Where to sign: `dev.sigstore.trustroot.v1.SigningConfig`, version 0.2. */
export interface SigningConfig {
  readonly mediaType: string;
  readonly caUrls: readonly SigningService[];
  readonly oidcUrls: readonly SigningService[];
  readonly rekorTlogUrls: readonly SigningService[];
  readonly rekorTlogConfig?: ServiceConfiguration;
  readonly tsaUrls: readonly SigningService[];
  readonly tsaConfig?: ServiceConfiguration;
}

export const signingConfigMediaType = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

const format = "signing config";
const servicesMax = 256;
const uint32Max = 0xffff_ffff;

/**
 * Reads a `signing_config.v0.2.json`. Version 0.1 (`caUrl`, `tlogUrls`) is refused by name: it
 * knows no API versions, so nothing safe can be selected from it.
 *
 * @param input UTF-8 JSON.
 * @throws FormatError `unknown-media-type` | `missing-field` | `unknown-field` | `wrong-type` |
 *   `unsupported` for other selectors | `malformed` for URLs and times | `out-of-range`.
 */
export function decodeSigningConfig(input: Uint8Array | string): SigningConfig {
  return readSigningConfig(new ObjectDecoder(parseJson(input, format, trustLimits), format));
}

/** As `decodeSigningConfig`, from an object inside another document. */
export function readSigningConfig(decoder: ObjectDecoder): SigningConfig {
  const mediaType = decoder.string("mediaType");
  if (mediaType !== signingConfigMediaType) {
    const hint = mediaType.includes("signingconfig.v0.1+json")
      ? "version 0.1 names no API versions; use the target signing_config.v0.2.json"
      : JSON.stringify(mediaType);
    throw decoder.error("unknown-media-type", "mediaType", hint);
  }
  const services = (name: string): SigningService[] =>
    decoder.objects(name, servicesMax).map(readService);
  const caUrls = services("caUrls");
  const oidcUrls = services("oidcUrls");
  const rekorTlogUrls = services("rekorTlogUrls");
  const rekorTlogConfig = readConfiguration(decoder, "rekorTlogConfig");
  const tsaUrls = services("tsaUrls");
  const tsaConfig = readConfiguration(decoder, "tsaConfig");
  decoder.end();
  return {
    mediaType,
    caUrls,
    oidcUrls,
    rekorTlogUrls,
    ...(rekorTlogConfig ? { rekorTlogConfig } : {}),
    tsaUrls,
    ...(tsaConfig ? { tsaConfig } : {}),
  };
}

/**
 * Writes a signing config as JSON in the public instance's layout: two spaces, a final newline.
 * @throws FormatError `unknown-media-type`; `out-of-range` for times after the year 9999.
 */
export function encodeSigningConfig(config: SigningConfig): string {
  return `${JSON.stringify(signingConfigJson(config), undefined, 2)}\n`;
}

/** The JSON value of a signing config, to stand inside another document. */
export function signingConfigJson(config: SigningConfig): object {
  if (config.mediaType !== signingConfigMediaType) {
    throw new FormatError(
      "unknown-media-type",
      format,
      "mediaType",
      JSON.stringify(config.mediaType),
    );
  }
  return {
    mediaType: config.mediaType,
    caUrls: config.caUrls.map(serviceJson),
    oidcUrls: config.oidcUrls.map(serviceJson),
    rekorTlogUrls: config.rekorTlogUrls.map(serviceJson),
    tsaUrls: config.tsaUrls.map(serviceJson),
    ...(config.rekorTlogConfig ? { rekorTlogConfig: config.rekorTlogConfig } : {}),
    ...(config.tsaConfig ? { tsaConfig: config.tsaConfig } : {}),
  };
}

function readService(decoder: ObjectDecoder): SigningService {
  const url = decoder.string("url");
  if (!/^https?:\/\/[^\s]+$/i.test(url) || !URL.canParse(url)) {
    throw decoder.error("malformed", "url", `${JSON.stringify(url)} is not an http(s) URL`);
  }
  const majorApiVersion = uint32(decoder, "majorApiVersion") ?? 0;
  const validFor = decodeValidity(decoder, "validFor");
  const operator = decoder.optionalString("operator") ?? "";
  decoder.end();
  return { url, majorApiVersion, validFor, operator };
}

function readConfiguration(parent: ObjectDecoder, name: string): ServiceConfiguration | undefined {
  const decoder = parent.optionalObject(name);
  // An empty message is how cosign writes that there is no configuration.
  if (!decoder || !(decoder.has("selector") || decoder.has("count"))) {
    decoder?.end();
    return undefined;
  }
  const selector = decoder.oneOf("selector", ["ANY", "ALL", "EXACT"]);
  // Read with every selector, of meaning with one (protobuf-specs).
  const count = uint32(decoder, "count") ?? 0;
  decoder.end();
  if (selector !== "EXACT") return { selector };
  if (count === 0) throw decoder.error("missing-field", "count", "EXACT needs a count above 0");
  return { selector, count };
}

function uint32(decoder: ObjectDecoder, name: string): number | undefined {
  const value = decoder.raw(name);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw decoder.error("wrong-type", name, "is not an integer");
  }
  if (value < 0 || value > uint32Max) {
    throw decoder.error("out-of-range", name, `${value} is not between 0 and 2^32-1`);
  }
  return value;
}

function serviceJson(service: SigningService): object {
  return {
    url: service.url,
    majorApiVersion: service.majorApiVersion,
    validFor: encodeValidity(service.validFor),
    ...(service.operator === "" ? {} : { operator: service.operator }),
  };
}
