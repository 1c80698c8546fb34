// SPDX-License-Identifier: Apache-2.0
import { malformed, type PredicateKind, readObject, verbatimObject } from "./predicate.ts";

const required = [
  "_type",
  "name",
  "materials",
  "products",
  "byproducts",
  "command",
  "environment",
] as const;

/** An in-toto link, which cosign takes only with all of its members. */
export const link: PredicateKind = {
  name: "link",
  predicateType: "https://in-toto.io/Link/v1",
  encode(content) {
    const object = readObject(content);
    const missing = required.filter((name) => !(name in object));
    if (missing.length > 0) throw malformed(`the link lacks ${missing.join(", ")}`);
    return verbatimObject(content);
  },
};
