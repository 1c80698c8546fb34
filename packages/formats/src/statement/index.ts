// SPDX-License-Identifier: Apache-2.0

/** in-toto Statements, the payload of attestations. What a predicate means is out of scope. */
export {
  decodeStatement,
  matchingSubjects,
  type Statement,
  type StatementSubject,
  statementTypeV01,
  statementTypeV1,
} from "./statement.ts";
