// SPDX-License-Identifier: Apache-2.0
// A stack in a process of its own: prints its URL, ends on SIGTERM.
import { pino } from "pino";
import { startStack } from "../src/index.ts";

try {
  const stack = await startStack({
    dataDirectory: process.argv[2] as string,
    listen: "127.0.0.1:0",
    logger: pino({ level: "silent" }),
  });
  process.once("SIGTERM", () => void stack.close());
  console.log(stack.url);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
