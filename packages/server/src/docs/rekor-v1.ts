// SPDX-License-Identifier: Apache-2.0
import { array, body, errorV1, ok, type ApiSection, path, query, ref, text } from "./document.ts";

const tag: ApiSection["tag"] = {
  name: "Rekor v1",
  description: `The API of Rekor v1 (\`rekor-server\`), with its statuses, its texts and its ids. An \
entry is answered with a signed promise and a proof, which are final. One that is logged already is \
answered 409, with its place in \`Location\`.

Operations that the operator has turned off answer 501.`,
};

const integer = { type: "integer", minimum: 0 };
const entryId = { type: "string", pattern: "^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$" };
const treeId = query("treeID", false, "decimal id of a tree", {
  type: "string",
  pattern: "^[0-9]*$",
});

const v1 = ["Rekor v1"];
const paths: ApiSection["paths"] = {
  "/api/v1/log": {
    get: {
      operationId: "getLogInfo",
      summary: "The state of the log",
      tags: v1,
      responses: { 200: ok("Heads of all trees", ref("LogInfo")), default: errorV1 },
    },
  },
  "/api/v1/log/publicKey": {
    get: {
      operationId: "getPublicKey",
      summary: "The key that signs promises and tree heads",
      tags: v1,
      parameters: [treeId],
      responses: {
        200: text("PEM", "application/x-pem-file"),
        default: errorV1,
      },
    },
  },
  "/api/v1/log/proof": {
    get: {
      operationId: "getLogProof",
      summary: "Proof that the log only grew between two sizes",
      tags: v1,
      parameters: [
        query("firstSize", false, "smaller size", { type: "integer", minimum: 1, default: 1 }),
        query("lastSize", true, "larger size", { type: "integer", minimum: 1 }),
        treeId,
      ],
      responses: { 200: ok("The proof", ref("ConsistencyProof")), default: errorV1 },
    },
  },
  "/api/v1/log/entries": {
    get: {
      operationId: "getLogEntryByIndex",
      summary: "An entry by its index",
      tags: v1,
      parameters: [query("logIndex", true, "index over all trees", integer)],
      responses: {
        200: ok("The entry", ref("LogEntry")),
        404: { description: "There is none" },
        default: errorV1,
      },
    },
    post: {
      operationId: "createLogEntry",
      summary: "Logs a signature",
      tags: v1,
      requestBody: body(ref("ProposedEntry")),
      responses: {
        201: ok("The entry, where it is in Location", ref("LogEntry")),
        409: ok("It is logged already, where is in Location", ref("Error")),
        default: errorV1,
      },
    },
  },
  "/api/v1/log/entries/{entryUUID}": {
    get: {
      operationId: "getLogEntryByUUID",
      summary: "An entry by its id",
      tags: v1,
      parameters: [path("entryUUID", "leaf hash, or tree id and leaf hash", entryId)],
      responses: {
        200: ok("The entry", ref("LogEntry")),
        404: { description: "There is none" },
        default: errorV1,
      },
    },
  },
  "/api/v1/log/entries/retrieve": {
    post: {
      operationId: "searchLogQuery",
      summary: "Entries by ids, indexes and content, up to ten in all",
      tags: v1,
      requestBody: body(ref("SearchLogQuery")),
      responses: { 200: ok("Those that there are", array(ref("LogEntry"))), default: errorV1 },
    },
  },
  "/api/v1/index/retrieve": {
    post: {
      operationId: "searchIndex",
      summary: "Ids of entries by hash, key, e-mail and subject, newest first",
      tags: v1,
      requestBody: body(ref("SearchIndex")),
      responses: { 200: ok("Ids", array(entryId)), default: errorV1 },
    },
  },
};

/** The API of Rekor v1. */
export const rekorV1Section: ApiSection = { service: "rekor", tag, paths };
