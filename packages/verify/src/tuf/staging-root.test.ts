// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { serve } from "../../test/loopback-mirror.ts";
import { stagingRoot } from "./staging-root.ts";
import { fetchTrust } from "./fetch-trust.ts";

test("the staging instance's root is as published and signed by its own keys", async (t) => {
  const root = new TextEncoder().encode(stagingRoot);
  assert.equal(
    createHash("sha256").update(root).digest("hex"),
    "f0a8b825e7e504c36d2f4bac2c97b7a78b2abb152f3fd3b017496c20e031468e",
  );
  const { version, expires } = JSON.parse(stagingRoot).signed;
  assert.equal(version, 13);
  const mirror = await serve(t, new Map());
  const now = new Date(Date.parse(expires) - 1000);
  const ask = { mirror: mirror.url, cacheDirectory: "/nonexistent", readOnlyCache: true, now };
  // The root is accepted; the mirror has nothing more.
  await assert.rejects(fetchTrust({ ...ask, root }), { code: "tuf-metadata-missing" });
  const damaged = new TextEncoder().encode(stagingRoot.replace(/"expires": "20/, '"expires": "21'));
  assert.notDeepEqual(damaged, root);
  await assert.rejects(fetchTrust({ ...ask, root: damaged }), { code: "tuf-signature-threshold" });
});
