// SPDX-License-Identifier: Apache-2.0
import type { Group } from "../framework/index.ts";
import { trustedRootCreate } from "./trusted-root-create.ts";

export const trustedRoot: Group = {
  name: "trusted-root",
  summary: "Make trusted roots, which say whom verifiers trust",
  commands: [trustedRootCreate],
};
