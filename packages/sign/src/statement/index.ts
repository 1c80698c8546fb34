// SPDX-License-Identifier: Apache-2.0

/**
 * Statements from predicate files, as `attest` makes them. The kinds of predicates are listed in
 * `kinds.ts`; another one is one entry there. Reading Statements is `@chancery/formats/statement`.
 */
export { buildStatement, type StatementInput } from "./build.ts";
export { predicateKind, predicateKinds } from "./kinds.ts";
export type { PredicateKind } from "./predicate.ts";
