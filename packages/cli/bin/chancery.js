#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Plain JavaScript that old Nodes can parse; the program loads only once the version is known.
import nodeModule from "node:module";

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    "chancery: error: needs Node.js 24 or later, this is " + process.version + "\n",
  );
  process.exitCode = 2;
} else {
  nodeModule.enableCompileCache?.();
  await import("../src/main.ts");
}
