// SPDX-License-Identifier: Apache-2.0
import { readConfig } from "./read.ts";
import type { FulcioConfig } from "./types.ts";

/** The issuers that Fulcio believes where it finds no configuration file. */
export const publicInstanceConfig: FulcioConfig = readConfig(
  {
    "oidc-issuers": {
      "https://oauth2.sigstore.dev/auth": {
        "client-id": "sigstore",
        "issuer-claim": "$.federated_claims.connector_id",
        type: "email",
      },
      "https://accounts.google.com": { "client-id": "sigstore", type: "email" },
      "https://token.actions.githubusercontent.com": {
        "client-id": "sigstore",
        type: "github-workflow",
      },
    },
  },
  "built-in issuers",
);
