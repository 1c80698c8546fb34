// SPDX-License-Identifier: Apache-2.0

/** What commands about a log share: its client, what is trusted of it, entries as rekor-cli's flags
 * describe them, and results as it words them. */
export { openArtifactFlag } from "./artifact.ts";
export { openClient } from "./client.ts";
export { checkStored, emit } from "./output.ts";
export { readProposal } from "./proposal/index.ts";
export { type Search, type Searcher, searchLog, type SearchResult } from "./search.ts";
export { LogTrust } from "./trust.ts";
