// SPDX-License-Identifier: Apache-2.0
import type { Group } from "../framework/index.ts";
import { signingConfigCreate } from "./signing-config-create.ts";

export const signingConfig: Group = {
  name: "signing-config",
  summary: "Make signing configs, which say which services signers call",
  commands: [signingConfigCreate],
};
