// SPDX-License-Identifier: Apache-2.0

/** A bundle's inspection as a tree of lines for people. */
export { inspectionText } from "./text.ts";
