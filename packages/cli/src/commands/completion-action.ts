// SPDX-License-Identifier: Apache-2.0
import { describeTree, scripts, type Shell } from "../completion/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";

/** Prints the completion script of a shell. */
export async function completionAction({ args, report, root }: Invocation<object>): Promise<void> {
  const [shell = ""] = args;
  if (!Object.hasOwn(scripts, shell)) {
    const names = Object.keys(scripts);
    throw usageError(
      `${JSON.stringify(shell)} is not a shell that can be completed in`,
      `chancery completion ${names.join("|")}`,
    );
  }
  const script = scripts[shell as Shell](describeTree(root));
  report.result({ shell, script }, script);
}
