// SPDX-License-Identifier: Apache-2.0
import type { ErrorOut, KoaContextWithOIDC } from "oidc-provider";
import type { PageWriter } from "./page-writer.ts";
import {
  confirmDeviceContent,
  deviceDoneContent,
  type Html,
  problemContent,
  userCodeContent,
} from "./pages/index.ts";

/** Writes a page as the library's answer. */
function show(ctx: KoaContextWithOIDC, pages: PageWriter, title: string, content: Html): void {
  const { body, headers } = pages.page(title, content);
  ctx.body = body;
  ctx.set({ ...headers });
}

/** The pages of the device flow, as the library asks for them. */
export function devicePages(pages: PageWriter): {
  userCodeInputSource: (
    ctx: KoaContextWithOIDC,
    form: string,
    out?: ErrorOut,
    error?: Error & { userCode?: string },
  ) => Promise<void>;
  userCodeConfirmSource: (
    ctx: KoaContextWithOIDC,
    form: string,
    client: unknown,
    device: unknown,
    userCode: string,
  ) => Promise<void>;
  successSource: (ctx: KoaContextWithOIDC) => Promise<void>;
} {
  return {
    userCodeInputSource: async (ctx, _form, _out, error) => {
      if (error?.name === "AbortedError") {
        const content = problemContent(
          "The device was refused. It cannot sign in your name.",
          "You can close this page.",
        );
        show(ctx, pages, "Device refused", content);
        return;
      }
      const problem = error && (problems[error.name] ?? otherProblem);
      const given = error?.userCode ?? userCodeOf(ctx);
      show(ctx, pages, "Sign in on a device", userCodeContent(formOf(ctx, given), problem));
    },
    userCodeConfirmSource: async (ctx, _form, _client, _device, userCode) => {
      const content = confirmDeviceContent(formOf(ctx, userCode), userCode);
      show(ctx, pages, "Is this your device?", content);
    },
    successSource: async (ctx) => show(ctx, pages, "Signed in", deviceDoneContent()),
  };
}

const otherProblem = "That did not work. Enter the code again.";
const problems: Readonly<Record<string, string>> = {
  NoCodeError: "Enter the code first.",
  NotFoundError: "There is no such code. Compare it with the one on your device.",
  ExpiredError: "This code has expired. Have your device show a new one.",
  AlreadyUsedError: "This code has been used. Have your device show a new one.",
};

/** The library checks `xsrf` against what it keeps in the session. */
function formOf(
  { oidc }: KoaContextWithOIDC,
  userCode: string | undefined,
): { action: string; token: string; userCode: string | undefined } {
  const state = oidc.session?.state as { secret?: string } | undefined;
  return { action: oidc.urlFor("code_verification"), token: state?.secret ?? "", userCode };
}

/** What an address with the code in it carried: see `withoutUserCode`. */
function userCodeOf(ctx: KoaContextWithOIDC): string | undefined {
  const { userCode } = ctx.req as { userCode?: unknown };
  return typeof userCode === "string" ? userCode.slice(0, 32) : undefined;
}

/** What cannot go on, for a person. */
export function showError(pages: PageWriter, ctx: KoaContextWithOIDC, out: ErrorOut): void {
  const text = out.error_description ?? out.error;
  const advice = "Go back to the program that sent you here, and start the sign-in again.";
  show(ctx, pages, "Sign-in cannot go on", problemContent(`${text} (${out.error})`, advice));
}
