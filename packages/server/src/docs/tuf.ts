// SPDX-License-Identifier: Apache-2.0
import { type ApiSection, ok, path, ref } from "./document.ts";
import { binary, string } from "./json-schema.ts";

const tags = ["TUF"];
const missing = ok("There is no such file", ref("Error"));

/** The repository that tells clients whom to trust. */
export const tufSection: ApiSection = {
  service: "tuf",
  tag: {
    name: "TUF",
    description: `A repository of The Update Framework with consistent snapshots. It holds \
\`trusted_root.json\`, \`signing_config.v0.2.json\`, and what older clients ask for. Clients start from \
the root that they were given, and from there find the newest by themselves.`,
  },
  paths: {
    "/tuf/{name}": {
      get: {
        operationId: "getTufMetadata",
        summary: "Metadata, such as timestamp.json and 1.root.json",
        tags,
        parameters: [path("name", "a role, after its version", string)],
        responses: { 200: ok("Signed metadata", { type: "object" }), default: missing },
      },
    },
    "/tuf/targets/{name}": {
      get: {
        operationId: "getTufTarget",
        summary: "A file that the metadata vouches for",
        tags,
        parameters: [path("name", "its name, after its digest", string)],
        responses: {
          200: {
            description: "The file",
            content: {
              "application/json": { schema: {} },
              "application/octet-stream": { schema: binary },
            },
          },
          default: missing,
        },
      },
    },
  },
};
