// SPDX-License-Identifier: Apache-2.0
import { body, errorV2, ok, type ApiSection, path, ref, text } from "./document.ts";

const tag: ApiSection["tag"] = {
  name: "Rekor v2",
  description: `The API of Rekor v2 (\`rekor-tiles\`): entries are written by one operation, and read \
as tiles (C2SP tlog-tiles) under a signed checkpoint. What is immutable may be cached for ever, and \
says so. Reads are served below \`/api/v2\` as well.

An entry that is logged already is answered as it was the first time, with a current proof. Methods \
that a path does not have are answered 501, as by the gateway in front of Rekor v2.`,
};

const binary = {
  description: "The bytes",
  content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
};

const v2 = ["Rekor v2"];
const tilePath = path("path", "as C2SP tlog-tiles spells it, such as 0/x001/234.p/5", {
  type: "string",
});

const paths: ApiSection["paths"] = {
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
              200: text("A note", "text/plain"),
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
};

/** The API of Rekor v2. */
export const rekorV2Section: ApiSection = { service: "rekor", tag, paths };
