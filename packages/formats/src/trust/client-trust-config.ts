// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";
import { ObjectDecoder, parseJson } from "../json/index.ts";
import { readSigningConfig, type SigningConfig, signingConfigJson } from "./signing-config.ts";
import { readTrustedRoot, type TrustedRoot, trustedRootJson, trustLimits } from "./trusted-root.ts";

/** Trusted root and signing config in one: `dev.sigstore.trustroot.v1.ClientTrustConfig`. */
export interface ClientTrustConfig {
  readonly mediaType: string;
  readonly trustedRoot: TrustedRoot;
  readonly signingConfig: SigningConfig;
}

export const clientTrustConfigMediaType =
  "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

const format = "client trust config";

/**
 * Reads a client trust config, as given to `sigstore-python --trust-config`.
 * @param input UTF-8 JSON, 4 MiB at most.
 * @throws FormatError as `decodeTrustedRoot` and `decodeSigningConfig`.
 */
export function decodeClientTrustConfig(input: Uint8Array | string): ClientTrustConfig {
  const decoder = new ObjectDecoder(parseJson(input, format, trustLimits), format);
  const mediaType = decoder.string("mediaType");
  if (mediaType !== clientTrustConfigMediaType) {
    throw decoder.error("unknown-media-type", "mediaType", JSON.stringify(mediaType));
  }
  const trustedRoot = readTrustedRoot(decoder.object("trustedRoot"));
  const signingConfig = readSigningConfig(decoder.object("signingConfig"));
  decoder.end();
  return { mediaType, trustedRoot, signingConfig };
}

/** Writes a client trust config as JSON: two spaces, a final newline. @throws FormatError */
export function encodeClientTrustConfig(config: ClientTrustConfig): string {
  if (config.mediaType !== clientTrustConfigMediaType) {
    throw new FormatError(
      "unknown-media-type",
      format,
      "mediaType",
      JSON.stringify(config.mediaType),
    );
  }
  const json = {
    mediaType: config.mediaType,
    trustedRoot: trustedRootJson(config.trustedRoot),
    signingConfig: signingConfigJson(config.signingConfig),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}
