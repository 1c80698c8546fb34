// SPDX-License-Identifier: Apache-2.0
import { type Html, layOut, type Page } from "./pages/index.ts";

/** Lays pages out as one provider shows them. */
export class PageWriter {
  readonly #issuer: URL;
  readonly #dev: boolean;

  constructor(issuer: URL, dev: boolean) {
    this.#issuer = issuer;
    this.#dev = dev;
  }

  /** @param formTargets origins beside our own to which a form of the page may lead. */
  page(title: string, content: Html, formTargets: readonly string[] = []): Page {
    const banner = this.#dev
      ? "Development mode: anyone on this computer can sign in as anybody."
      : undefined;
    return layOut({ title, content, formTargets, banner, issuerHost: this.#issuer.host });
  }
}
