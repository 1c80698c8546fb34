// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";

test("the tests run on Node 24 or later, whatever the system has", () => {
  const major = Number.parseInt(process.versions.node, 10);
  assert.ok(
    major >= 24,
    `running on ${process.version}: install without omitting optional packages`,
  );
});
