// SPDX-License-Identifier: Apache-2.0
import { SignError } from "../errors.ts";
import { link } from "./link.ts";
import { type PredicateKind, readText, rfc3339, verbatimObject } from "./predicate.ts";
import { slsaProvenance1 } from "./slsa-provenance-1.ts";
import { vuln } from "./vuln.ts";

/** Any content, wrapped by cosign's own predicate with the time at which that was done. */
const custom: PredicateKind = {
  name: "custom",
  predicateType: "https://cosign.sigstore.dev/attestation/v1",
  encode: (content, now) => JSON.stringify({ Data: readText(content), Timestamp: rfc3339(now) }),
};

/** SPDX in its tag-value form: one JSON string. */
const spdx: PredicateKind = {
  name: "spdx",
  predicateType: "https://spdx.dev/Document",
  encode: (content) => JSON.stringify(readText(content)),
};

/** The predicates that have a short name, which are cosign's. The first is the default. */
export const predicateKinds: readonly PredicateKind[] = [
  custom,
  slsaProvenance1,
  object("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
  object("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
  spdx,
  object("spdxjson", "https://spdx.dev/Document"),
  object("cyclonedx", "https://cyclonedx.org/bom"),
  link,
  vuln,
  object("openvex", "https://openvex.dev/ns"),
];

/**
 * The kind that a short name or a URI means. A URI stands for itself and takes a JSON object.
 * @throws SignError `unsupported-predicate-type`
 */
export function predicateKind(type: string): PredicateKind {
  const found = predicateKinds.find(({ name }) => name === type);
  if (found) return found;
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(type)) return object(type, type);
  const names = predicateKinds.map(({ name }) => name).join(", ");
  throw new SignError(
    "unsupported-predicate-type",
    `invalid predicate type: ${type}`,
    `use a URI or one of ${names}`,
  );
}

function object(name: string, predicateType: string): PredicateKind {
  return { name, predicateType, encode: verbatimObject };
}
