// SPDX-License-Identifier: Apache-2.0
import { searchParameters } from "../rekor/index.ts";
import {
  array,
  errorV1,
  errorV2,
  json,
  type ApiSection,
  type Operation,
  query,
  ref,
} from "./document.ts";

/** What a reader of the page is told before the operations. */
const tag: ApiSection["tag"] = {
  name: "Search",
  description: `Both APIs find entries of the one log, whichever way they came in: by the digest of \
an artifact, by a key, by an identity in a certificate, by the subject of an attestation, and by the \
time at which they were logged. Everything that is given must hold; where nothing is given, all \
entries are found. What is acknowledged is found at once.

A key is named by the SHA-256 of its SubjectPublicKeyInfo, so that it finds what was signed with it \
and what was signed with certificates over it (\`LOG\` is the address of this server):

  openssl pkey -pubin -in cosign.pub -outform DER | sha256sum
  curl 'LOG/api/v1/log/search?key=DIGEST'
  curl 'LOG/api/v1/log/search?digest=sha256:DIGEST&since=2026-01-01T00:00:00Z'
  curl 'LOG/api/v2/log/search?identity=me@example.com&limit=100'

Entries come newest first, in pages. Where \`nextCursor\` is not null there are older ones: ask again \
with it as \`cursor\`, and the same criteria. Entries that are logged meanwhile move no page.

With \`Accept: application/x-ndjson\` each entry is a line of JSON, and the cursor is in the header \
\`X-Next-Cursor\`:

  curl -H 'Accept: application/x-ndjson' 'LOG/api/v2/log/search?subject=release.tar.gz'

A search answers with entries as they are stored. Proofs and promises are under their ids \
(\`/api/v1/log/entries/{entryUUID}\`) and in the tiles (\`/tile/…\`): a client that relies on an entry \
verifies these.`,
};

const schemas: Readonly<Record<string, object>> = {
  limit: { type: "integer", minimum: 1, maximum: 100, default: 20 },
  cursor: { type: "string", pattern: "^(0|[1-9][0-9]{0,15})$" },
  key: { type: "string", pattern: "^[0-9a-fA-F]{64}$" },
  digest: { type: "string", pattern: "^([a-zA-Z0-9_-]+:)?[0-9a-fA-F]+$" },
  since: { type: "string", format: "date-time" },
  until: { type: "string", format: "date-time" },
};
const words = { type: "string", minLength: 1, maxLength: 4096 };

/** Searches of the log, in both its APIs. */
export const searchSection: ApiSection = {
  service: "rekor",
  tag,
  paths: {
    "/api/v1/log/search": { get: search("searchLogV1", "FoundEntryV1", errorV1) },
    "/api/v2/log/search": { get: search("searchLogV2", "FoundEntryV2", errorV2) },
  },
};

function search(operationId: string, item: string, refusal: object): Operation {
  const parameters = Object.entries(searchParameters).map(([name, description]) =>
    query(name, false, description, schemas[name] ?? words),
  );
  const page = {
    type: "object",
    required: ["entries", "nextCursor"],
    properties: { entries: array(ref(item)), nextCursor: { type: ["string", "null"] } },
  };
  return {
    operationId,
    summary: "Finds entries, newest first; what is given must all hold",
    tags: [tag.name],
    parameters,
    responses: {
      200: {
        description: "A page",
        headers: {
          "X-Next-Cursor": {
            description: "what `nextCursor` is, where it is not null",
            schema: { type: "string" },
          },
        },
        content: { ...json(page), "application/x-ndjson": { schema: ref(item) } },
      },
      400: refusal,
      default: refusal,
    },
  };
}
