// SPDX-License-Identifier: Apache-2.0
// The only file that reads the arguments of the process and sets its exit code.
import { commands } from "./commands/index.ts";
import { exitCodes, processIo, run } from "./framework/index.ts";

// A reader that has seen enough, such as `head`, is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? exitCodes.done : exitCodes.internal);
  });
}

process.exitCode = await run(process.argv.slice(2), commands, processIo());
