// SPDX-License-Identifier: Apache-2.0
import type { Group } from "../framework/index.ts";
import { trustImportRoot } from "./trust-import-root.ts";
import { trustNextRoot } from "./trust-next-root.ts";
import { trustRootOffline } from "./trust-root-offline.ts";
import { trustRotate } from "./trust-rotate.ts";
import { trustSignRoot } from "./trust-sign-root.ts";

export const trust: Group = {
  name: "trust",
  summary: "Replace keys of a stopped chancery up, and keep its root key elsewhere",
  commands: [trustRotate, trustRootOffline, trustNextRoot, trustSignRoot, trustImportRoot],
};
