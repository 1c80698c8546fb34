// SPDX-License-Identifier: Apache-2.0
import type { AmbientSource } from "../source.ts";
import { askMetadata, whyGoogle } from "./google-metadata.ts";

/** The service account of a machine or a pod at Google. */
export const googleWorkloadIdentity: AmbientSource = {
  name: "google-workload-identity",
  async detect(context) {
    const reason = await whyGoogle(context);
    // Not every machine there has an account that may get tokens.
    return reason === undefined ? undefined : { reason, intended: false };
  },
  async token(audience, context) {
    const { text } = await askMetadata("identity", { audience, format: "full" }, context);
    return text;
  },
};
