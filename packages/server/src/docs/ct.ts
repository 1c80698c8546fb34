// SPDX-License-Identifier: Apache-2.0
import {
  type ApiSection,
  array,
  body,
  ok,
  type OpenApiDocument,
  path,
  query,
  ref,
  text,
} from "./document.ts";
import { all, base64, binary, integer, string } from "./json-schema.ts";

const tags = ["Certificate transparency"];
const refused = text("A refusal: the status in words, then why", "text/plain");
const head = "/ct";
const size = { type: "integer", minimum: 1 };
const digest = { type: "string", pattern: "^[0-9a-f]{64}$" };
const proof = array(base64);

/** The log of certificates, by RFC 6962 and as C2SP static-ct-api has it. */
export const ctSection: ApiSection = {
  service: "ct",
  tag: {
    name: "Certificate transparency",
    description: `The log of certificates, which the certificate authority writes and everybody may \
read: by the calls of RFC 6962, and as the tiles of C2SP static-ct-api. A chain is taken that ends \
with one of the roots; one that is logged already gets the promise of the first time.`,
  },
  paths: {
    ...submission("add-chain", "addChain", "Logs a certificate"),
    ...submission("add-pre-chain", "addPreChain", "Logs a precertificate"),
    ...read("get-sth", "getSth", "The signed state of the log", {
      tree_size: integer,
      timestamp: integer,
      sha256_root_hash: base64,
      tree_head_signature: base64,
    }),
    ...read(
      "get-sth-consistency",
      "getSthConsistency",
      "Proof that the log only grew between two sizes",
      { consistency: proof },
      [
        query("first", true, "smaller size", integer),
        query("second", true, "larger size", integer),
      ],
    ),
    ...read(
      "get-proof-by-hash",
      "getProofByHash",
      "Proof that an entry is in a tree",
      { leaf_index: integer, audit_path: proof },
      [
        query("hash", true, "leaf hash", base64),
        query("tree_size", true, "size of the tree", size),
      ],
    ),
    ...read(
      "get-entries",
      "getEntries",
      "Entries, as many as fit",
      { entries: array(ref("CtEntry")) },
      [
        query("start", true, "index of the first", integer),
        query("end", true, "index of the last", integer),
      ],
    ),
    ...read(
      "get-entry-and-proof",
      "getEntryAndProof",
      "An entry, and the proof that it is in a tree",
      { leaf_input: base64, extra_data: base64, audit_path: proof },
      [
        query("leaf_index", true, "index of the entry", integer),
        query("tree_size", true, "size of the tree", size),
      ],
    ),
    ...read("get-roots", "getRoots", "The roots with which chains must end", {
      certificates: array(base64),
    }),
    [`${head}/checkpoint`]: {
      get: {
        operationId: "getCtCheckpoint",
        summary: "The signed state of the log as a note",
        tags,
        responses: { 200: text("A note", "text/plain"), default: refused },
      },
    },
    [`${head}/tile/{path}`]: {
      get: {
        operationId: "getCtTile",
        summary: "A tile of hashes, or under data/ one of entries",
        tags,
        parameters: [path("path", "as static-ct-api spells it", string)],
        responses: { 200: bytes("application/octet-stream"), default: refused },
      },
    },
    [`${head}/issuer/{digest}`]: {
      get: {
        operationId: "getCtIssuer",
        summary: "A certificate out of the chains that were logged",
        tags,
        parameters: [path("digest", "its SHA-256 in lower-case hex", digest)],
        responses: { 200: bytes("application/pkix-cert"), default: refused },
      },
    },
  },
  schemas: {
    CtChain: all({ chain: array(base64) }),
    CtEntry: all({ leaf_input: base64, extra_data: base64 }),
    SignedCertificateTimestamp: all({
      sct_version: integer,
      id: base64,
      timestamp: integer,
      extensions: string,
      signature: base64,
    }),
  },
};

function submission(call: string, operationId: string, summary: string): OpenApiDocument["paths"] {
  const responses = {
    200: ok("The log's promise", ref("SignedCertificateTimestamp")),
    default: refused,
  };
  const requestBody = body(ref("CtChain"));
  return {
    [`${head}/ct/v1/${call}`]: { post: { operationId, summary, tags, requestBody, responses } },
  };
}

function read(
  call: string,
  operationId: string,
  summary: string,
  answer: Record<string, object>,
  parameters: NonNullable<OpenApiDocument["paths"][string][string]["parameters"]> = [],
): OpenApiDocument["paths"] {
  const responses = { 200: ok("The answer", all(answer)), default: refused };
  return {
    [`${head}/ct/v1/${call}`]: { get: { operationId, summary, tags, parameters, responses } },
  };
}

function bytes(type: string): object {
  return { description: "The bytes", content: { [type]: { schema: binary } } };
}
