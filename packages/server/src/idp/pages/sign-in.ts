// SPDX-License-Identifier: Apache-2.0
import { type Html, markup } from "./html.ts";

/** What the page of a sign-in shows. */
export interface SignInPage {
  /** Where its forms go. */
  readonly action: string;
  /** What its forms carry so that no other site can send them. */
  readonly token: string;
  /** The address that was typed last. */
  readonly email?: string | undefined;
  /** Why the last try failed. */
  readonly problem?: string | undefined;
  /** Whether an address alone is asked for. */
  readonly dev: boolean;
  /** Whether there are users with passwords. */
  readonly passwords: boolean;
  /** Names of other places to sign in at. */
  readonly upstreams: readonly { readonly id: string; readonly name: string }[];
  /** Whether another device asks. */
  readonly forDevice: boolean;
}

/** The page on which a person says who it is. */
export function signInContent(page: SignInPage): Html {
  const { problem, dev, passwords, upstreams } = page;
  const hasForm = dev || passwords;
  const hasOthers = !dev && upstreams.length > 0;
  return markup` <p>
      ${page.forDevice ? "A program on another device" : "A program on this computer"} wants to sign
      software in your name.
    </p>
    ${problem === undefined ? "" : markup`<p class="bad" role="alert" id="problem">${problem}</p>`}
    ${hasOthers ? upstreams.map((upstream) => upstreamForm(page, upstream)) : ""}
    ${hasForm && hasOthers ? markup`<p class="or">or</p>` : ""} ${hasForm ? addressForm(page) : ""}
    ${cancelForm(page)}
    <p class="soft">
      Your e-mail address becomes part of the signing certificate and of the log, where everybody
      who can read them sees it.
    </p>`;
}

function addressForm({ action, token, email, problem, dev }: SignInPage): Html {
  const described =
    problem === undefined ? "" : markup` aria-describedby="problem" aria-invalid="true"`;
  const password = markup`<label for="password">Password</label>
    <input
      id="password"
      name="password"
      type="password"
      autocomplete="current-password"
      required${described}
    />`;
  return markup`<form method="post" action="${action}">
    <input type="hidden" name="token" value="${token}" />
    <label for="email">E-mail address</label>
    <input
      id="email"
      name="email"
      type="email"
      autocomplete="username"
      spellcheck="false"
      autocapitalize="none"
      value="${email}"
      required
      autofocus${described}
    />
    ${dev ? "" : password}
    <button type="submit">${dev ? "Sign in as this person" : "Sign in"}</button>
  </form>`;
}

function upstreamForm(
  { action, token }: SignInPage,
  { id, name }: SignInPage["upstreams"][number],
): Html {
  return markup`<form method="post" action="${action}/upstream">
    <input type="hidden" name="token" value="${token}" />
    <input type="hidden" name="upstream" value="${id}" />
    <button type="submit">Continue with ${name}</button>
  </form>`;
}

function cancelForm({ action, token }: SignInPage): Html {
  return markup`<form method="post" action="${action}/cancel">
    <input type="hidden" name="token" value="${token}" />
    <button type="submit" class="quiet">Cancel</button>
  </form>`;
}
