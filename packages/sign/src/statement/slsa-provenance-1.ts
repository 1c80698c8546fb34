// SPDX-License-Identifier: Apache-2.0
import { isObject, type JsonObject } from "@chancery/formats/json";
import { type PredicateKind, readObject, verbatimObject } from "./predicate.ts";
import { writeJson } from "./write-json.ts";

/**
 * SLSA Provenance v1. Taken as it is, but that `runDetails.metadata.invocationID`, as early drafts
 * spelled it, becomes `invocationId`, as in cosign.
 */
export const slsaProvenance1: PredicateKind = {
  name: "slsaprovenance1",
  predicateType: "https://slsa.dev/provenance/v1",
  encode(content) {
    const object = readObject(content);
    const renamed = withInvocationId(object);
    return renamed === undefined ? verbatimObject(content) : writeJson(renamed);
  },
};

function withInvocationId(object: JsonObject): JsonObject | undefined {
  const runDetails = object["runDetails"];
  const metadata = isObject(runDetails) ? runDetails["metadata"] : undefined;
  if (!isObject(runDetails) || !isObject(metadata) || !("invocationID" in metadata)) {
    return undefined;
  }
  const { invocationID, ...others } = metadata;
  const renamed = { invocationId: invocationID ?? null, ...others };
  return { ...object, runDetails: { ...runDetails, metadata: renamed } };
}
