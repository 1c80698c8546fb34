// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ReloadingConfig } from "./index.ts";

test("SIGHUP reads the file anew, where the caller wants that", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "fulcio-hangup-"));
  t.after(async () => await rm(directory, { recursive: true }));
  const path = join(directory, "config.yaml");
  await writeFile(path, "oidc-issuers: {}\n");
  const events = new EventEmitter();
  const config = await ReloadingConfig.open(path, {
    onHangup: true,
    onError: () => events.emit("error-seen"),
    pollMs: 3_600_000,
  });
  t.after(() => config.close());
  assert.equal(process.listenerCount("SIGHUP"), 1);
  // Written and hung up at once: whichever is noticed first, the file is read.
  await writeFile(path, "{");
  process.kill(process.pid, "SIGHUP");
  await once(events, "error-seen", { signal: AbortSignal.timeout(20_000) });
  assert.equal(config.error?.code, "malformed");
  config.close();
  assert.equal(process.listenerCount("SIGHUP"), 0);
});
