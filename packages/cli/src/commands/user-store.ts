// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { decodeUtf8 } from "@chancery/formats/bytes";
import { IdpStore } from "@chancery/server";
import { pathOf, readWhole } from "../files/index.ts";
import { CliError, type Invocation } from "../framework/index.ts";

type WithData = Pick<Invocation<{ readonly data: string }>, "flags" | "io">;

/** Does something with the accounts of a data directory. @throws CliError; IdpError */
export function withStore<Result>(
  { flags, io }: WithData,
  use: (store: IdpStore) => Result,
): Result {
  const directory = pathOf(io, flags.data);
  if (!existsSync(directory)) {
    throw new CliError("usage", "no-data-directory", `there is no directory ${flags.data}`, {
      hint: "run `chancery up` once, or name its directory with --data",
    });
  }
  const store = new IdpStore(directory);
  try {
    return use(store);
  } finally {
    store.close();
  }
}

const passwordBytesMax = 4096;

/**
 * A new password of a user: `CHANCERY_USER_PASSWORD`, else `--password-file` without the end of its
 * line, else what is typed twice.
 * @throws CliError `password-required` | `passwords-differ`
 */
export async function newUserPassword(
  invocation: Pick<Invocation<unknown>, "io" | "signal">,
  file: string | undefined,
): Promise<string> {
  const { env, prompt } = invocation.io;
  const variable = env["CHANCERY_USER_PASSWORD"];
  if (variable !== undefined) return variable;
  if (file !== undefined) {
    const bytes = await readWhole(file, "password", passwordBytesMax, invocation);
    return decodeUtf8(bytes).replace(/\r?\n$/, "");
  }
  if (!prompt) {
    throw new CliError("usage", "password-required", "a password for the user is needed", {
      hint: "set CHANCERY_USER_PASSWORD, or pass --password-file FILE",
    });
  }
  const password = await prompt.secret("New password of the user:");
  if (password !== (await prompt.secret("The same password again:"))) {
    throw new CliError("usage", "passwords-differ", "passwords do not match", {
      hint: "run the command again",
    });
  }
  return password;
}
