// SPDX-License-Identifier: Apache-2.0

/**
 * How commands are written, parsed and run, and what they may say. Knows no command and nothing of
 * signatures.
 */
export { readBoolean } from "./argv.ts";
export {
  type Action,
  type Argument,
  type BooleanFlag,
  type Command,
  defineCommand,
  type Example,
  type Flag,
  flagName,
  type Flags,
  type GlobalFlags,
  type Group,
  type Invocation,
  isGroup,
  isShown,
  type ListFlag,
  type TextFlag,
} from "./command.ts";
export { CliError, describeError, exitCodes, fileError, usageError } from "./errors.ts";
export { type Io, processIo, type Prompt, type Sink } from "./io.ts";
export type { Paint } from "./paint.ts";
export { plainJson, printable } from "./plain.ts";
export { globalFlags } from "./program.ts";
export { type JsonResult, outputVersion, type Report } from "./report.ts";
export { run } from "./run.ts";
export { readDuration } from "./values.ts";
