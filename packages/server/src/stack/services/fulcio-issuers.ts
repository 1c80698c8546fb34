// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import {
  type FulcioConfig,
  FulcioConfigError,
  type KeySource,
  localKeySource,
  readConfig,
  ReloadingConfig,
  withIssuers,
} from "../../fulcio/index.ts";
import type { IdentityProvider } from "../../idp/index.ts";
import { StackError } from "../errors.ts";
import type { StackContext } from "./service.ts";

/** What the identity provider of the stack certifies, and for which audience. */
const ownIssuer = { "client-id": "sigstore", type: "email" };

/**
 * Whose tokens are believed: those of Fulcio's configuration file, as it is now, and those of the
 * identity provider in the same process, whose URL is known once the address is.
 */
export class Issuers {
  readonly #file: ReloadingConfig | undefined;
  readonly #provider: IdentityProvider | undefined;
  /** The provider by its URL, once that is known. */
  readonly local: Map<string, KeySource> = new Map();
  #own: FulcioConfig = readConfig({}, "no issuers");
  /** One object for one state, as keys are remembered by it. */
  #merged: { readonly from: FulcioConfig; readonly config: FulcioConfig } | undefined;

  /** @throws StackError `configuration` */
  static async open(
    { config, dataDirectory, logger }: StackContext,
    provider: IdentityProvider | undefined,
  ): Promise<Issuers> {
    const path = config.fulcio.config;
    if (path === undefined) {
      if (provider) return new Issuers(undefined, provider);
      const message =
        "fulcio.config: no issuer is configured: name Fulcio's configuration file, or run idp too";
      throw new StackError("configuration", message);
    }
    const warn = ({ warnings }: FulcioConfig): void => {
      for (const warning of warnings) logger.warn({ path }, warning);
    };
    try {
      const file = await ReloadingConfig.open(resolve(dataDirectory, path), {
        onChange: (changed) => {
          logger.info({ path, issuers: changed.issuers.size }, "the issuers are read anew");
          warn(changed);
        },
        onError: (err) => logger.error({ err, path }, "the issuers stay as they were"),
      });
      warn(file.current);
      return new Issuers(file, provider);
    } catch (cause) {
      if (!(cause instanceof FulcioConfigError)) throw cause;
      throw new StackError("configuration", `fulcio.config: ${cause.message}`, { cause });
    }
  }

  private constructor(file: ReloadingConfig | undefined, provider: IdentityProvider | undefined) {
    this.#file = file;
    this.#provider = provider;
  }

  get current(): FulcioConfig {
    const from = this.#file?.current ?? this.#own;
    if (this.#merged?.from !== from) {
      const config = withIssuers(from, [...this.#own.issuers.values()]);
      this.#merged = { from, config };
    }
    return this.#merged.config;
  }

  /** Why the file as it is now is not taken; undefined where it is. */
  get problem(): string | undefined {
    return this.#file?.error?.message;
  }

  /** Takes the identity provider in, whose URL is known now. */
  addProvider(): void {
    const provider = this.#provider;
    if (!provider) return;
    const { issuer } = provider;
    this.#own = readConfig({ "oidc-issuers": { [issuer]: ownIssuer } }, "the stack's own issuer");
    this.#merged = undefined;
    this.local.set(
      issuer,
      localKeySource(async () => provider.jwks()),
    );
  }

  close(): void {
    this.#file?.close();
  }
}
