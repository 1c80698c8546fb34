// SPDX-License-Identifier: Apache-2.0
import { type OpenApiDocument, withCommonAnswers } from "./document.ts";
import { operationPaths, operationsTag } from "./operations.ts";
import { v1Paths, v1Tag } from "./rekor-v1.ts";
import { v2Paths, v2Tag } from "./rekor-v2.ts";
import { schemas } from "./schemas.ts";
import { searchPaths, searchTag } from "./search.ts";

/** The document of the log and of what surrounds it. */
export function openApiDocument(version: string): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: {
      title: "Chancery",
      version,
      description: "A transparency log of signatures, through Rekor's v1 and v2 APIs.",
    },
    tags: [v1Tag, v2Tag, searchTag, operationsTag],
    paths: withCommonAnswers({ ...v1Paths, ...v2Paths, ...searchPaths, ...operationPaths }),
    components: { schemas },
  };
}
