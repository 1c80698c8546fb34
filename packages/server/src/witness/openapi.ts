// SPDX-License-Identifier: Apache-2.0
import type { OpenApiDocument } from "../docs/index.ts";

const text = (description: string): object => ({
  description,
  content: { "text/plain": { schema: { type: "string" } } },
});
const json = (description: string): object => ({
  description,
  content: { "application/json": { schema: { type: "object" } } },
});
const [refused, shown] = [text("A refusal in words"), ["Operations"]];

/** The document of what a witness serves over HTTP. */
export function witnessDocument(version: string): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: {
      title: "Chancery witness",
      version,
      description: "Cosigns checkpoints of logs that only grow (C2SP tlog-witness).",
    },
    paths: {
      "/add-checkpoint": {
        post: {
          operationId: "addCheckpoint",
          summary: "Have a checkpoint cosigned that extends the one cosigned last",
          tags: ["Witness"],
          requestBody: {
            required: true,
            description:
              "`old <size>`, at most 63 lines with the hashes of a consistency proof in base64, " +
              "an empty line, and the checkpoint with the log's signature",
            content: { "text/plain": { schema: { type: "string" } } },
          },
          responses: {
            "200": text("The cosignature, as a line of a signed note"),
            "400": text("The request is malformed, or its old size above the checkpoint's"),
            "403": text("No trusted key has signed, or a signature of one does not verify"),
            "404": text("The log is not witnessed here"),
            "409": {
              description: "Another size was cosigned last: it is the body, with a newline",
              content: { "text/x.tlog.size": { schema: { type: "string" } } },
            },
            "413": refused,
            "422": text("The checkpoint is not proven to extend the one cosigned last"),
          },
        },
      },
      "/{origin}/checkpoint": {
        get: {
          operationId: "getCheckpoint",
          summary: "What was cosigned last of a log, with the cosignature",
          tags: ["Witness"],
          parameters: [
            {
              name: "origin",
              in: "path",
              required: true,
              description: "SHA-256 of the log's origin, in lower-case hex",
              schema: { type: "string", pattern: "^[0-9a-f]{64}$" },
            },
          ],
          responses: {
            "200": text("The checkpoint: a signed note"),
            "404": text("Nothing of such a log was cosigned here"),
          },
        },
      },
      "/healthz": operation("healthz", "Whether the process answers", json("It does"), shown),
      "/readyz": operation("readyz", "Whether its records can be read", json("They can"), shown),
      "/metrics": operation("metrics", "Metrics for Prometheus", text("Metrics"), shown),
    },
    components: { schemas: {} },
  };
}

function operation(
  operationId: string,
  summary: string,
  answer: object,
  tags: readonly string[],
): OpenApiDocument["paths"][string] {
  return { get: { operationId, summary, tags, responses: { "200": answer } } };
}
