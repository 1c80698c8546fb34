// SPDX-License-Identifier: Apache-2.0
import { searchParameters } from "../rekor/index.ts";
import { schemas } from "./schemas.ts";

/** An OpenAPI document as plain data. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: object;
}

/** The document of all that a stack serves over HTTP at present. */
export function openApiDocument(version: string): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: {
      title: "Chancery",
      version,
      description: "A transparency log of signatures, through Rekor's v1 and v2 APIs.",
    },
    paths: { ...v1Paths, ...v2Paths, ...operationPaths },
    components: { schemas },
  };
}

const json = (schema: object): object => ({ "application/json": { schema } });
const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const array = (items: object): object => ({ type: "array", items });
const ok = (description: string, schema: object): object => ({
  description,
  content: json(schema),
});
const body = (schema: object): object => ({ required: true, content: json(schema) });

const errorV1 = ok("A refusal", ref("Error"));
const errorV2 = ok("A refusal", ref("Status"));
const binary = {
  description: "The bytes",
  content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
};
const integer = { type: "integer", minimum: 0 };
const entryId = { type: "string", pattern: "^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$" };
const treeId = query("treeID", false, "decimal id of a tree", {
  type: "string",
  pattern: "^[0-9]+$",
});

function query(name: string, required: boolean, description: string, schema: object): Parameter {
  return { name, in: "query", required, description, schema };
}

function path(name: string, description: string, schema: object): Parameter {
  return { name, in: "path", required: true, description, schema };
}

function search(operationId: string, tag: string, item: string): Operation {
  const parameters = Object.entries(searchParameters).map(([name, description]) =>
    query(name, false, description, { type: "string" }),
  );
  const page = {
    type: "object",
    required: ["entries", "nextCursor"],
    properties: { entries: array(ref(item)), nextCursor: { type: ["string", "null"] } },
  };
  return {
    operationId,
    summary: "Finds entries, newest first; what is given must all hold",
    tags: [tag],
    parameters,
    responses: {
      200: {
        description: "A page; as JSON lines the cursor is in the header X-Next-Cursor",
        content: { ...json(page), "application/x-ndjson": { schema: ref(item) } },
      },
      400: tag === "Rekor v1" ? errorV1 : errorV2,
    },
  };
}

const v1 = ["Rekor v1"];
const v1Paths: OpenApiDocument["paths"] = {
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
        200: {
          description: "PEM",
          content: { "application/x-pem-file": { schema: { type: "string" } } },
        },
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
  "/api/v1/log/search": { get: search("searchLogV1", "Rekor v1", "FoundEntryV1") },
};

const v2 = ["Rekor v2"];
const tilePath = path("path", "as C2SP tlog-tiles spells it, such as 0/x001/234.p/5", {
  type: "string",
});

const v2Paths: OpenApiDocument["paths"] = {
  "/api/v2/log/entries": {
    post: {
      operationId: "createEntry",
      summary: "Logs a signature; of one that is logged already it answers the first",
      tags: v2,
      requestBody: body(ref("CreateEntryRequest")),
      responses: { 201: ok("The entry", ref("TransparencyLogEntry")), default: errorV2 },
    },
  },
  ...Object.fromEntries(
    ["", "/api/v2"].flatMap((prefix, i) => [
      [
        `${prefix}/checkpoint`,
        {
          get: {
            operationId: `getCheckpoint${i === 0 ? "" : "Api"}`,
            summary: "The signed state of the log",
            tags: v2,
            responses: {
              200: {
                description: "A note",
                content: { "text/plain": { schema: { type: "string" } } },
              },
            },
          },
        },
      ],
      [
        `${prefix}/tile/{path}`,
        {
          get: {
            operationId: `getTile${i === 0 ? "" : "Api"}`,
            summary: "A tile of hashes, or under entries/ a bundle of entries",
            tags: v2,
            parameters: [tilePath],
            responses: { 200: binary, 404: errorV2 },
          },
        },
      ],
    ]),
  ),
  "/api/v2/log/search": { get: search("searchLogV2", "Rekor v2", "FoundEntryV2") },
};

const operations = ["Operation"];
const plain = (description: string): object => ({ description });
const operationPaths: OpenApiDocument["paths"] = {
  "/healthz": {
    get: {
      operationId: "getHealth",
      summary: "Whether the process answers",
      tags: operations,
      responses: { 200: plain("It does") },
    },
  },
  "/readyz": {
    get: {
      operationId: "getReadiness",
      summary: "Whether it can do its work",
      tags: operations,
      responses: { 200: plain("It can"), 503: plain("It cannot, and why") },
    },
  },
  "/metrics": {
    get: {
      operationId: "getMetrics",
      summary: "Prometheus metrics",
      tags: operations,
      responses: { 200: plain("Text") },
    },
  },
};
