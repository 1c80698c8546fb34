// SPDX-License-Identifier: Apache-2.0

/**
 * A witness over HTTP (C2SP tlog-witness): cosigns checkpoints that extend those it has seen. Its
 * decisions are `@chancery/log`'s; here are its key, its name, its records and its routes. Out of
 * scope: sub-trees, bastions, and logs that are not known at the start.
 */
export { startWitness, type WitnessServer, type WitnessServerOptions } from "./witness-server.ts";
