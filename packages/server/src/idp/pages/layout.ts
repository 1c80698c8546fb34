// SPDX-License-Identifier: Apache-2.0
import { utf8Bytes, encodeBase64 } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { Html, markup } from "./html.ts";
import { style } from "./style.ts";

/** A page, ready to be sent. */
export interface Page {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface PageParts {
  /** Also the heading. */
  readonly title: string;
  readonly content: Html;
  /** Origins beside our own to which a form of the page may lead, by redirects too. */
  readonly formTargets?: readonly string[];
  /** Shown on top of each page, such as that this is dev mode. */
  readonly banner?: string | undefined;
  /** The host that people see in the address bar. */
  readonly issuerHost: string;
}

/** Whole, as its hash is of every character in it. */
const styleElement = new Html(`<style>${style}</style>`);
const styleHash = encodeBase64(sha256(utf8Bytes(style)));

const seal = markup`<svg
  viewBox="0 0 48 48"
  width="40"
  height="40"
  aria-hidden="true"
  focusable="false"
>
  <circle cx="24" cy="24" r="21" fill="none" stroke="currentColor" stroke-width="2.5" />
  <circle
    cx="24"
    cy="24"
    r="15"
    fill="none"
    stroke="currentColor"
    stroke-width="1.5"
    stroke-dasharray="1 3"
  />
  <path
    d="M17 24.5l5 5 9.5-11"
    fill="none"
    stroke="currentColor"
    stroke-width="3"
    stroke-linecap="round"
    stroke-linejoin="round"
  />
</svg>`;

/**
 * Lays a page out. It runs no script, loads nothing from anywhere, cannot be framed, is not kept by
 * caches and tells nobody its address.
 */
export function layOut(parts: PageParts): Page {
  const { title, content, banner, issuerHost, formTargets = [] } = parts;
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    `form-action ${["'self'", ...formTargets].join(" ")}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · Chancery</title>
        ${styleElement}
      </head>
      <body>
        ${banner === undefined ? "" : markup`<p class="banner" role="note">${banner}</p>`}
        <main>
          <header>
            ${seal}
            <h1>${title}</h1>
          </header>
          ${content}
        </main>
        <footer>
          <p>Chancery identity provider at <strong>${issuerHost}</strong></p>
        </footer>
      </body>
    </html>
`;
  return {
    body: page.text,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "cache-control": "no-store",
      "referrer-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "cross-origin-opener-policy": "same-origin",
    },
  };
}
