// SPDX-License-Identifier: Apache-2.0
import { type ApiSection, json, ok, ref, text } from "./document.ts";
import { base64, binary, object, string } from "./json-schema.ts";

const tags = ["Timestamps"];
const refused = ok("A refusal", ref("Error"));

/** The API of the timestamp authority. */
export const timestampSection: ApiSection = {
  service: "tsa",
  tag: {
    name: "Timestamps",
    description: `RFC 3161 over HTTP, as Sigstore's timestamp authority has it: a request in DER, or \
in a form in JSON, is answered with a token in DER.

  openssl ts -query -data FILE -sha256 -cert -out request.tsq
  curl -H 'Content-Type: application/timestamp-query' --data-binary @request.tsq LOG/api/v1/timestamp

Nothing is signed while the clock cannot be believed (503).`,
  },
  paths: {
    "/api/v1/timestamp": {
      post: {
        operationId: "getTimestampResponse",
        summary: "Says at what time a digest was known",
        tags,
        requestBody: {
          required: true,
          content: {
            "application/timestamp-query": { schema: binary },
            ...json(ref("TimestampJsonRequest")),
          },
        },
        responses: {
          200: {
            description: "A TimeStampResp",
            content: { "application/timestamp-reply": { schema: binary } },
          },
          default: refused,
        },
      },
    },
    "/api/v1/timestamp/certchain": {
      get: {
        operationId: "getTimestampCertChain",
        summary: "The authority's certificates, leaf first",
        tags,
        responses: { 200: text("PEM", "application/pem-certificate-chain"), default: refused },
      },
    },
  },
  schemas: {
    TimestampJsonRequest: object(
      {
        artifactHash: base64,
        hashAlgorithm: { type: "string", enum: ["sha256", "sha384", "sha512"] },
        certificates: { type: "boolean" },
        nonce: { type: "integer" },
        tsaPolicyOID: string,
      },
      ["artifactHash", "hashAlgorithm"],
    ),
  },
};
