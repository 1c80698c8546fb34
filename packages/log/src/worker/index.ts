// SPDX-License-Identifier: Apache-2.0

/** The engine in a thread of its own, and its face in the thread that uses it. */
export { type Log, openLog, type OpenLogOptions, type Receipt } from "./open-log.ts";
