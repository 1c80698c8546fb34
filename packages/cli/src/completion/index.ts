// SPDX-License-Identifier: Apache-2.0

/** Completion scripts, made from the tree of commands. */
export { scripts, type Shell } from "./scripts.ts";
export { describeTree } from "./tree.ts";
