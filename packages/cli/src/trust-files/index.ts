// SPDX-License-Identifier: Apache-2.0

/** From the words that describe services to the instances of trusted roots and signing configs. */
export { describeChain, describeKey, readAuthorities, readLogs } from "./material.ts";
export { readSelector, readService } from "./service.ts";
