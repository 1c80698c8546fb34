// SPDX-License-Identifier: Apache-2.0
import type { ServiceConfiguration, SigningService } from "./signing-config.ts";
import { periodContains } from "./validity.ts";

/** Why no service was selected. */
export type ServiceSelectionErrorCode =
  | "no-services" // the list is empty
  | "no-selector" // the signing config does not say how many to take
  | "no-supported-version" // none speaks an API version that the caller does
  | "no-valid-service" // some would, but none of them is in use at this time
  | "too-few-services"; // EXACT asks for more operators than there are

/** Refusal of `selectServices`. The signing config is well formed, but cannot be followed now. */
export class ServiceSelectionError extends Error {
  override readonly name = "ServiceSelectionError";
  readonly code: ServiceSelectionErrorCode;

  constructor(code: ServiceSelectionErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Selects the services to call (comments at `SigningConfig` in `sigstore_trustroot.proto`):
 *
 * 1. only services of a supported API version that are valid now, both ends included;
 * 2. of these one version, the highest;
 * 3. of each operator the service that started last (of several, the one listed first);
 * 4. `ANY`: the first operator; `ALL`: every operator; `EXACT`: the first `count` operators, in the
 *    order of the file. Which operators are first is not random, so that signing can be repeated.
 *
 * For CA and OIDC services, which have no configuration, pass `{ selector: "ANY" }`.
 *
 * @param config undefined where the signing config has none, which is an error.
 * @returns one service at least, of distinct operators.
 * @throws ServiceSelectionError
 */
export function selectServices(
  services: readonly SigningService[],
  config: ServiceConfiguration | undefined,
  options: { readonly supportedVersions: readonly number[]; readonly now: Date },
): SigningService[] {
  const { supportedVersions, now } = options;
  if (services.length === 0) {
    throw new ServiceSelectionError("no-services", "the signing config lists no such service");
  }
  if (!config) {
    throw new ServiceSelectionError(
      "no-selector",
      "the signing config lists services, but not how many of them to use",
    );
  }
  const supported = services.filter((item) => supportedVersions.includes(item.majorApiVersion));
  if (supported.length === 0) {
    const listed = [...new Set(services.map((item) => item.majorApiVersion))].join(", ");
    throw new ServiceSelectionError(
      "no-supported-version",
      `API version ${listed} is offered, ${supportedVersions.join(", ")} is supported`,
    );
  }
  const valid = supported.filter((item) => periodContains(item.validFor, now));
  if (valid.length === 0) {
    const urls = supported.map((item) => item.url).join(", ");
    throw new ServiceSelectionError(
      "no-valid-service",
      `none is in use at ${now.toISOString()}: ${urls}`,
    );
  }
  return pick(newestPerOperator(highestVersion(valid)), config);
}

function highestVersion(services: readonly SigningService[]): SigningService[] {
  const highest = Math.max(...services.map((item) => item.majorApiVersion));
  return services.filter((item) => item.majorApiVersion === highest);
}

function newestPerOperator(services: readonly SigningService[]): SigningService[] {
  const newest = new Map<string, SigningService>();
  for (const service of services) {
    const known = newest.get(service.operator);
    if (!known || known.validFor.start < service.validFor.start) {
      newest.set(service.operator, service);
    }
  }
  return [...newest.values()];
}

function pick(services: SigningService[], config: ServiceConfiguration): SigningService[] {
  switch (config.selector) {
    case "ANY":
      return services.slice(0, 1);
    case "ALL":
      return services;
    case "EXACT":
      if (services.length < config.count) {
        throw new ServiceSelectionError(
          "too-few-services",
          `${config.count} operators are required, ${services.length} are available`,
        );
      }
      return services.slice(0, config.count);
  }
}
