// SPDX-License-Identifier: Apache-2.0
import type { Group } from "../framework/index.ts";
import { bundleComplete } from "./bundle-complete.ts";
import { bundleCreate } from "./bundle-create.ts";
import { bundleInspect } from "./bundle-inspect.ts";
import { bundleUpgrade } from "./bundle-upgrade.ts";

export const bundle: Group = {
  name: "bundle",
  summary: "Look into bundles, and turn older ones into newer ones",
  commands: [bundleInspect, bundleCreate, bundleUpgrade, bundleComplete],
};
