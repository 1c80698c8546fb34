// SPDX-License-Identifier: Apache-2.0

/** Following a log that somebody else runs, over HTTP. */
export { Mirror, type MirrorOptions } from "./mirror.ts";
export { type Fetch, readAtMost } from "./remote-log.ts";
