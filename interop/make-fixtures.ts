// SPDX-License-Identifier: Apache-2.0
// Makes test/fixtures/peers again, by real peers: `node interop/make-fixtures.ts`. Their keys and
// signatures change each time, so it runs when a peer's version or a case changes, not in CI.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fixturesFolder } from "./make-fixtures/case.ts";
import { makeCosignFixtures } from "./make-fixtures/cosign.ts";
import { makeOpensslFixtures } from "./make-fixtures/openssl.ts";
import { makeJavascriptFixtures } from "./make-fixtures/sigstore-js.ts";
import { makePythonFixtures } from "./make-fixtures/sigstore-python.ts";
import { startMockInstance } from "./mock-instance.ts";

// All of them at once: they share the mock instance, which forgets its keys.
const instance = await startMockInstance();
try {
  mkdirSync(join(fixturesFolder, "instance"), { recursive: true });
  const root = `${JSON.stringify(instance.trustedRoot, undefined, 2)}\n`;
  writeFileSync(join(fixturesFolder, "instance/trusted_root.json"), root);
  await makeCosignFixtures(instance);
  await makeJavascriptFixtures(instance);
  await makePythonFixtures(instance);
  await makeOpensslFixtures();
} finally {
  instance.close();
}
