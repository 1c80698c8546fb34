// SPDX-License-Identifier: Apache-2.0
import { type Html, markup } from "./html.ts";

/** A form of the device flow. */
export interface DevicePage {
  readonly action: string;
  /** Its protection against other sites. */
  readonly token: string;
  readonly userCode: string | undefined;
}

/** Asks for the code that another device shows (RFC 8628 §3.3). */
export function userCodeContent(page: DevicePage, problem: string | undefined): Html {
  const described =
    problem === undefined ? "" : markup` aria-describedby="problem" aria-invalid="true"`;
  return markup` ${problem === undefined ? "" : markup`<p class="bad" role="alert" id="problem">${problem}</p>`}
    <form method="post" action="${page.action}">
      <input type="hidden" name="xsrf" value="${page.token}" />
      <label for="code">Code shown on your device</label>
      <input
        id="code"
        name="user_code"
        type="text"
        class="user-code"
        value="${page.userCode}"
        autocomplete="off"
        spellcheck="false"
        autocapitalize="characters"
        required
        autofocus${described}
      />
      <button type="submit">Continue</button>
    </form>
    <p class="soft">
      Enter only a code that you see on a device of your own. Whoever sent you a code would sign in
      your name.
    </p>`;
}

/** Asks whether it is one's own device that shows this code (RFC 8628 §5.4). */
export function confirmDeviceContent(page: DevicePage, shown: string): Html {
  const fields = markup`<input type="hidden" name="xsrf" value="${page.token}" />
    <input type="hidden" name="user_code" value="${page.userCode}" />`;
  return markup` <p>Does your device show this code?</p>
    <p class="code user-code">${shown}</p>
    <form method="post" action="${page.action}">
      ${fields}
      <button type="submit" name="confirm" value="yes">Yes, continue</button>
      <button type="submit" name="abort" value="yes" class="quiet">No, refuse this device</button>
    </form>
    <p class="soft">
      If you did not start this yourself just now, refuse: somebody else wants to sign in your name.
    </p>`;
}

export function deviceDoneContent(): Html {
  return markup`<p>You are signed in on your device. You can close this page.</p>`;
}

/** Shows the code of a sign-in to type it elsewhere (out of band). */
export function codeContent(code: string): Html {
  return markup` <p>Copy this code to the program that asked you to sign in:</p>
    <p class="code" id="code">${code}</p>
    <p class="soft">
      It can be used once, within a minute. Give it to nobody: with it they could sign in your name.
    </p>`;
}

/** Something that cannot go on. */
export function problemContent(problem: string, advice: string): Html {
  return markup`<p class="bad" role="alert">${problem}</p>
    <p>${advice}</p>`;
}
