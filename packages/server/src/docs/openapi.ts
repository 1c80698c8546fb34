// SPDX-License-Identifier: Apache-2.0
import { ctSection } from "./ct.ts";
import { type ApiSection, type OpenApiDocument, withCommonAnswers } from "./document.ts";
import { fulcioSection } from "./fulcio.ts";
import { identitySection } from "./identity.ts";
import { operationsSection } from "./operations.ts";
import { rekorV1Section } from "./rekor-v1.ts";
import { rekorV2Section } from "./rekor-v2.ts";
import { schemas } from "./schemas.ts";
import { searchSection } from "./search.ts";
import { timestampSection } from "./timestamp.ts";
import { tufSection } from "./tuf.ts";

/** Every API of the stack, in the order in which a page shows them. */
const sections: readonly ApiSection[] = [
  rekorV1Section,
  rekorV2Section,
  searchSection,
  fulcioSection,
  ctSection,
  timestampSection,
  tufSection,
  identitySection,
  operationsSection,
];

/** The document of what is served. @param services names of those that run */
export function openApiDocument(version: string, services: readonly string[]): OpenApiDocument {
  const shown = sections.filter(({ service }) => !service || services.includes(service));
  return {
    openapi: "3.1.0",
    info: {
      title: "Chancery",
      version,
      description: "The services of Sigstore under one address, with the APIs of the originals.",
    },
    tags: shown.map(({ tag }) => tag),
    paths: withCommonAnswers(Object.assign({}, ...shown.map(({ paths }) => paths))),
    components: {
      schemas: Object.assign({}, schemas, ...shown.map((section) => section.schemas)),
    },
  };
}
