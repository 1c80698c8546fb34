// SPDX-License-Identifier: Apache-2.0

/** Finding entries by digest, key, identity, subject and time: one search, in each API's form. */
export { joinTrees } from "./joined.ts";
export { searchParameters } from "./query.ts";
export { addSearchRoute, searchItemV1, searchItemV2 } from "./routes.ts";
export { searchStored } from "./stored.ts";
