// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type FulcioConfigError, ReloadingConfig, type ReloadingOptions } from "./index.ts";

function text(clientId: string): string {
  return `oidc-issuers: {"https://a.example.com": {client-id: ${clientId}, type: email}}\n`;
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "fulcio-config-"));
  t.after(async () => await rm(path, { recursive: true }));
  return path;
}

/** Writes a file beside another and puts it in its place: nobody sees half of it. */
async function replace(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${path}.tmp`, content);
  await rename(`${path}.tmp`, path);
}

/** A followed file, and promises of what comes next. */
async function follow(t: TestContext, path: string, options: ReloadingOptions = {}) {
  const events = new EventEmitter();
  const config = await ReloadingConfig.open(path, {
    onChange: () => events.emit("change"),
    onError: (error) => events.emit("refused", error),
    pollMs: 3_600_000,
    ...options,
  });
  t.after(() => config.close());
  const clientId = (): string | undefined =>
    config.current.issuers.get("https://a.example.com")?.clientId;
  const signal = AbortSignal.timeout(20_000);
  return {
    config,
    clientId,
    changed: async () => await once(events, "change", { signal }),
    refused: async () => (await once(events, "refused", { signal }))[0] as FulcioConfigError,
  };
}

test("a file that is written, or replaced by rename, is taken without a restart", async (t) => {
  const path = join(await folder(t), "config.yaml");
  await writeFile(path, text("one"));
  const { clientId, changed } = await follow(t, path);
  assert.equal(clientId(), "one");
  for (const name of ["two", "three"]) {
    const change = changed();
    await writeFile(path, text(name));
    await change;
    assert.equal(clientId(), name);
  }
  for (const name of ["four", "five"]) {
    const change = changed();
    await replace(path, text(name));
    await change;
    assert.equal(clientId(), name);
  }
});

test("links that are swapped, as Kubernetes does, are followed", async (t) => {
  const directory = await folder(t);
  for (const name of ["one", "two"]) {
    await mkdir(join(directory, `..${name}`));
    await writeFile(join(directory, `..${name}`, "config.yaml"), text(name));
  }
  await symlink("..one", join(directory, "..data"));
  await symlink("..data/config.yaml", join(directory, "config.yaml"));
  const { clientId, changed } = await follow(t, join(directory, "config.yaml"));
  assert.equal(clientId(), "one");
  const change = changed();
  await symlink("..two", join(directory, "..data_tmp"));
  await rename(join(directory, "..data_tmp"), join(directory, "..data"));
  await change;
  assert.equal(clientId(), "two");
});

test("where nothing tells of changes, looking again finds them", async (t) => {
  const directory = await folder(t);
  await mkdir(join(directory, "one"));
  await mkdir(join(directory, "two"));
  await writeFile(join(directory, "one", "c.yaml"), text("one"));
  await writeFile(join(directory, "two", "c.yaml"), text("two"));
  await symlink("one", join(directory, "link"));
  const { clientId, changed } = await follow(t, join(directory, "link", "c.yaml"), { pollMs: 20 });
  const change = changed();
  // The watcher is on the first folder, which does not change.
  await symlink("two", join(directory, "next"));
  await rename(join(directory, "next"), join(directory, "link"));
  await change;
  assert.equal(clientId(), "two");
});

test("a file that is wrong, gone or too large leaves all as it was, and is told of once", async (t) => {
  const path = join(await folder(t), "config.yaml");
  await replace(path, text("one"));
  const errors: FulcioConfigError[] = [];
  const { config, clientId } = await follow(t, path, { onError: (error) => errors.push(error) });
  await replace(path, "oidc-issuers: {x: {}}\n");
  await config.reload();
  await config.reload();
  assert.equal(errors.length, 1);
  assert.match(
    errors[0]?.message ?? "",
    /config\.yaml: oidc-issuers\["x"\]\.client-id: is missing/,
  );
  assert.equal(config.error, errors[0]);
  await rm(path);
  await config.reload();
  assert.deepEqual([config.error?.code, clientId()], ["missing", "one"]);
  await replace(path, "#".repeat((1 << 20) + 1));
  await config.reload();
  assert.deepEqual([config.error?.code, clientId()], ["unreadable", "one"]);
  await replace(path, Uint8Array.of(0x61, 0xff));
  await config.reload();
  assert.deepEqual([config.error?.code, clientId()], ["unreadable", "one"]);
  await replace(path, "");
  await config.reload();
  assert.deepEqual([config.error?.code, clientId()], ["malformed", "one"]);
  await replace(path, text("one"));
  await config.reload();
  assert.deepEqual([config.error, clientId()], [undefined, "one"]);
  await replace(path, text("two"));
  await Promise.all([config.reload(), config.reload()]);
  assert.equal(clientId(), "two");
});

test("errors come by themselves, too", async (t) => {
  const path = join(await folder(t), "config.yaml");
  await replace(path, text("one"));
  const { clientId, refused } = await follow(t, path);
  const refusal = refused();
  await replace(path, "{");
  const error = await refusal;
  assert.equal(error.code, "malformed");
  assert.equal(clientId(), "one");
});

test("a first file must be there and good, unless the caller has another", async (t) => {
  const path = join(await folder(t), "config.yaml");
  await assert.rejects(ReloadingConfig.open(path), { name: "FulcioConfigError", code: "missing" });
  await replace(path, "{");
  await assert.rejects(ReloadingConfig.open(path), { code: "malformed" });
  await assert.rejects(ReloadingConfig.open(tmpdir()), { code: "unreadable" });
  await rm(path);
  const whenMissing = { issuers: new Map(), metaIssuers: [], warnings: [] };
  const { config, clientId, changed } = await follow(t, path, { whenMissing });
  assert.equal(config.current, whenMissing);
  const change = changed();
  await replace(path, text("one"));
  await change;
  assert.equal(clientId(), "one");
});

test("after it is closed, nothing changes", async (t) => {
  const path = join(await folder(t), "config.yaml");
  await replace(path, text("one"));
  const { config, clientId } = await follow(t, path);
  config.close();
  await replace(path, text("two"));
  await config.reload();
  assert.equal(clientId(), "one");
});
