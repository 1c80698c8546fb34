// SPDX-License-Identifier: Apache-2.0
import { confirm, isCancel, password } from "@clack/prompts";
import { CliError } from "./errors.ts";

const streams = { input: process.stdin, output: process.stderr, withGuide: false };

/** Asks on the terminal without showing what is typed. @throws CliError `declined` */
export async function askSecret(message: string): Promise<string> {
  const answer = await password({ message, mask: "", ...streams });
  if (isCancel(answer)) throw new CliError("usage", "declined", "no password was given");
  // Nothing typed comes as undefined.
  return answer ?? "";
}

/** Asks a yes-or-no question on the terminal, whose default is no. */
export async function askConfirm(message: string): Promise<boolean> {
  const answer = await confirm({ message, initialValue: false, ...streams });
  return answer === true;
}
