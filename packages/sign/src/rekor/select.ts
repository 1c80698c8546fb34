// SPDX-License-Identifier: Apache-2.0
import {
  selectServices,
  ServiceSelectionError,
  type SigningConfig,
  type TrustedRoot,
} from "@chancery/formats/trust";
import { SignError } from "../errors.ts";
import type { HttpOptions } from "../http/index.ts";
import { rekorV1Log } from "./rekor-v1-log.ts";
import { rekorV2Log } from "./rekor-v2.ts";
import type { SignatureLog } from "./signature-log.ts";

export interface LogOptions extends HttpOptions {
  /** What is known of logs; see `rekorV2Log`. */
  readonly trustedRoot?: TrustedRoot;
}

/** Makes the client of each major version of Rekor's API. */
const clients: Readonly<Record<1 | 2, (url: string, options: LogOptions) => SignatureLog>> = {
  1: (url, { trustedRoot: _, ...http }) => rekorV1Log(url, http),
  2: rekorV2Log,
};

/** A log at an address. @param api major version. @throws SignError `malformed-service-url` */
export function openLog(url: string, api: 1 | 2, options: LogOptions = {}): SignatureLog {
  return clients[api](url, options);
}

/**
 * The logs that a signing config has signers write to now, by the rules of `selectServices`: those
 * of the highest version alone, so Rekor v2 where there is one.
 *
 * @returns none where the config lists no log at all.
 * @throws SignError `no-service`
 */
export function selectLogs(config: SigningConfig, now: Date, options?: LogOptions): SignatureLog[] {
  if (config.rekorTlogUrls.length === 0) return [];
  try {
    const services = selectServices(config.rekorTlogUrls, config.rekorTlogConfig, {
      supportedVersions: [1, 2],
      now,
    });
    return services.map(({ url, majorApiVersion }) =>
      openLog(url, majorApiVersion === 2 ? 2 : 1, options),
    );
  } catch (cause) {
    if (!(cause instanceof ServiceSelectionError)) throw cause;
    throw new SignError(
      "no-service",
      `no log to write to: ${cause.message}`,
      "get a current signing config, or name the log with its URL",
      { cause },
    );
  }
}
