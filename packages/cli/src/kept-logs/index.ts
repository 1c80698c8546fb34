// SPDX-License-Identifier: Apache-2.0

/**
 * Logs that are kept in directories here, and whose they are: those of `chancery up` while nobody
 * serves them, and mirrors of others. Apart from `log`, so that clients of logs need no engine.
 */
export { findRemote } from "./remote.ts";
export { withSearchable } from "./search.ts";
export { withStored } from "./stored.ts";
