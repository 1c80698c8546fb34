// SPDX-License-Identifier: Apache-2.0

/**
 * How commands are written, parsed and run, and what they may say. Knows no command and nothing of
 * signatures.
 */
export {
  type Command,
  defineCommand,
  type Flag,
  flagName,
  type Flags,
  type Group,
  type Invocation,
  isGroup,
  isShown,
} from "./command.ts";
export { CliError, describeError, exitCodes, fileError, usageError } from "./errors.ts";
export { type Io, processIo } from "./io.ts";
export type { Paint } from "./paint.ts";
export { plainJson, printable } from "./plain.ts";
export { globalFlags } from "./program.ts";
export { type Json, type JsonResult, outputVersion, type Report } from "./report.ts";
export { run } from "./run.ts";
export { readDuration } from "./values.ts";
