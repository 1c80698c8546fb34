// SPDX-License-Identifier: Apache-2.0
// The shapes of requests and answers, in JSON Schema. Kept apart from what reads them: the readers
// are stricter than a schema can say, and word their refusals as Rekor does.

import { all, base64, integer, object, string } from "./json-schema.ts";

const hex64 = { type: "string", pattern: "^[0-9a-fA-F]{64}$" };
/** A 64-bit integer in protobuf's JSON mapping. */
const int64 = { type: "string", pattern: "^[0-9]+$" };

const head = {
  rootHash: hex64,
  signedTreeHead: string,
  treeID: { type: "string", pattern: "^[0-9]+$" },
  treeSize: integer,
};

const rawBytes = all({ rawBytes: base64 });
const verifier = object({ publicKey: rawBytes, x509Certificate: rawBytes, keyDetails: string }, [
  "keyDetails",
]);

export const schemas: Readonly<Record<string, object>> = {
  Error: all({ code: { type: "integer" }, message: string }),
  Status: all({
    code: { type: "integer" },
    message: string,
    details: { type: "array", items: { type: "object" } },
  }),
  LogInfo: all({
    inactiveShards: { type: ["array", "null"], items: all(head) },
    ...head,
  }),
  ConsistencyProof: all({ hashes: { type: "array", items: hex64 }, rootHash: hex64 }),
  ProposedEntry: all({
    kind: { type: "string", enum: ["hashedrekord", "dsse", "intoto", "rekord"] },
    apiVersion: { type: "string", enum: ["0.0.1", "0.0.2"] },
    spec: { type: "object" },
  }),
  LogEntry: {
    type: "object",
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: object(
      {
        attestation: object({ data: base64 }),
        body: base64,
        integratedTime: integer,
        logID: hex64,
        logIndex: integer,
        verification: all({
          inclusionProof: all({
            checkpoint: string,
            hashes: { type: "array", items: hex64 },
            logIndex: integer,
            rootHash: hex64,
            treeSize: integer,
          }),
          signedEntryTimestamp: base64,
        }),
      },
      ["body", "integratedTime", "logID", "logIndex", "verification"],
    ),
  },
  SearchLogQuery: object({
    entryUUIDs: { type: ["array", "null"], items: string, minItems: 1, maxItems: 10 },
    logIndexes: { type: ["array", "null"], items: integer, minItems: 1, maxItems: 10 },
    entries: {
      type: ["array", "null"],
      items: { $ref: "#/components/schemas/ProposedEntry" },
      minItems: 1,
      maxItems: 10,
    },
  }),
  // As Go reads JSON, null is as good as nothing.
  SearchIndex: object({
    email: { type: ["string", "null"], format: "email" },
    hash: { type: ["string", "null"] },
    subject: { type: ["string", "null"], maxLength: 512 },
    publicKey: {
      ...object(
        {
          format: { type: "string", enum: ["pgp", "x509", "minisign", "ssh", "tuf"] },
          content: { type: ["string", "null"], format: "byte" },
        },
        ["format"],
      ),
      type: ["object", "null"],
    },
    operator: { type: ["string", "null"], enum: ["and", "or", "", null] },
  }),
  FoundEntryV1: all({
    uuid: string,
    logIndex: integer,
    logID: hex64,
    integratedTime: integer,
    kind: string,
    apiVersion: string,
    body: base64,
  }),
  CreateEntryRequest: {
    oneOf: [
      all({
        hashedRekordRequestV002: all({
          digest: base64,
          signature: all({ content: base64, verifier }),
        }),
      }),
      all({
        dsseRequestV002: all({
          envelope: all({
            payload: base64,
            payloadType: string,
            signatures: { type: "array", items: object({ sig: base64, keyid: string }, ["sig"]) },
          }),
          verifiers: { type: "array", items: verifier, minItems: 1, maxItems: 10 },
        }),
      }),
    ],
  },
  TransparencyLogEntry: all({
    logIndex: int64,
    logId: all({ keyId: base64 }),
    kindVersion: all({ kind: string, version: string }),
    integratedTime: int64,
    inclusionPromise: { type: "null" },
    inclusionProof: all({
      logIndex: int64,
      rootHash: base64,
      treeSize: int64,
      hashes: { type: "array", items: base64 },
      checkpoint: all({ envelope: string }),
    }),
    canonicalizedBody: base64,
  }),
  FoundEntryV2: all({
    logIndex: int64,
    logId: all({ keyId: base64 }),
    kindVersion: all({ kind: string, version: string }),
    loggedTime: { type: "string", format: "date-time" },
    canonicalizedBody: base64,
  }),
};
