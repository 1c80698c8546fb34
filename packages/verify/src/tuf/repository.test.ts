// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test, type TestContext } from "node:test";
import { MetaFile, TargetFile, Targets } from "@tufjs/models";
import { Delegations } from "@tufjs/models/dist/delegations.js";
import { DelegatedRole } from "@tufjs/models/dist/role.js";
import { makeKey, type RoleKey, signMetadata } from "../../test/tuf-repository.ts";
import { start, text, tufWorld, type World } from "../../test/tuf-world.ts";
import { openRepository, type Repository, TufError } from "./index.ts";

interface Delegate {
  readonly name: string;
  readonly paths: readonly string[];
  readonly terminating?: boolean;
  /** Target path → content. */
  readonly targets?: Readonly<Record<string, string>>;
  readonly delegates?: readonly Delegate[];
  /** Whose key signs it, where that is not the one that is delegated to. */
  readonly signer?: RoleKey;
}

/** Publishes roles below the targets role. */
function publish(world: World, delegates: readonly Delegate[]): void {
  const { repository } = world;
  const meta: Record<string, MetaFile> = {};
  const expires = "2027-01-01T00:00:00Z";
  const delegate = (targets: { delegations?: unknown }, children: readonly Delegate[]): void => {
    const keys: Record<string, RoleKey["key"]> = {};
    const roles: Record<string, DelegatedRole> = {};
    for (const child of children) {
      const { name, paths, terminating = false, targets: files = {} } = child;
      const key = makeKey();
      keys[key.key.keyID] = key.key;
      const keyIDs = [key.key.keyID];
      roles[name] = new DelegatedRole({
        name,
        paths: [...paths],
        terminating,
        keyIDs,
        threshold: 1,
      });
      const role = new Targets({ version: 1, expires, specVersion: "1.0" });
      for (const [path, content] of Object.entries(files)) {
        const sha256 = createHash("sha256").update(content).digest("hex");
        const bytes = new TextEncoder().encode(content);
        role.addTarget(new TargetFile({ path, length: bytes.length, hashes: { sha256 } }));
        const parts = path.split("/");
        parts.push(`${sha256}.${parts.pop() ?? ""}`);
        repository.files.set(`targets/${parts.join("/")}`, bytes);
      }
      delegate(role as never, child.delegates ?? []);
      const bytes = signMetadata(role, [child.signer ?? key]);
      // The mirror looks files up by what the request says when it is decoded.
      repository.files.set(`1.${name}.json`, bytes);
      meta[`${name}.json`] = new MetaFile({ version: 1 });
    }
    if (children.length > 0) targets.delegations = new Delegations({ keys, roles });
  };
  repository.publishTargets((targets) => delegate(targets as never, delegates));
  repository.publishSnapshot((snapshot) => {
    Object.assign(snapshot.meta, meta);
  });
}

async function open(t: TestContext, delegates: readonly Delegate[]): Promise<Repository> {
  const world = await tufWorld(t);
  publish(world, delegates);
  return openRepository({
    mirror: world.mirror.url,
    targetMirror: `${world.mirror.url}/targets`,
    root: world.repository.root(),
    folder: world.folder,
    now: start,
    limits: { attemptsMax: 1 },
  });
}

async function refusal(run: Promise<unknown>): Promise<string> {
  const error = await run.catch((reason: unknown) => reason);
  assert.ok(error instanceof TufError, String(error));
  return error.code;
}

test("a target is found through delegations, the earlier role first", async (t) => {
  const repository = await open(t, [
    { name: "a", paths: ["host/*"], targets: { "host/x": "from a" } },
    { name: "b", paths: ["host/*"], targets: { "host/x": "from b", "host/y": "y of b" } },
    { name: "c", paths: ["other/*"], targets: { "host/z": "out of its paths" } },
  ]);
  assert.equal(text(await repository.target("host/x")), "from a");
  assert.equal(text(await repository.target("host/y")), "y of b");
  assert.equal(text(await repository.target("trusted_root.json")), '{"trusted":"root"}');
  for (const path of ["host/z", "host/x/x", "HOST/x", "x"]) {
    assert.equal(await refusal(repository.target(path)), "tuf-target-missing");
  }
});

test("a terminating delegation ends the search, and a circle is walked once", async (t) => {
  const loop = { name: "loop", paths: ["*"], delegates: [{ name: "back", paths: ["*"] }] };
  const repository = await open(t, [
    loop,
    { name: "last", paths: ["x"], terminating: true },
    { name: "after", paths: ["*"], targets: { x: "never", y: "found" } },
  ]);
  assert.equal(await refusal(repository.target("x")), "tuf-target-missing");
  assert.equal(text(await repository.target("y")), "found");
});

test("a role is verified by whoever delegates to it, whatever it is called", async (t) => {
  const forged = await open(t, [
    { name: "a", paths: ["*"], targets: { x: "forged" }, signer: makeKey() },
  ]);
  assert.equal(await refusal(forged.target("x")), "tuf-signature-threshold");
  const odd = await open(t, [{ name: "../odd?#", paths: ["*"], targets: { x: "odd" } }]);
  assert.equal(text(await odd.target("x")), "odd");
});

test("no more than 32 roles are searched, and the notices say so", async (t) => {
  const many = Array.from({ length: 40 }, (_, i) => ({ name: `r${i}`, paths: ["*"] }));
  const repository = await open(t, many);
  assert.equal(await refusal(repository.target("x")), "tuf-target-missing");
  assert.deepEqual(
    repository.notices.map(({ code }) => code),
    ["delegations-limit"],
  );
});

test("what was verified stays in the cache where a later role is refused", async (t) => {
  const world = await tufWorld(t);
  const options = {
    mirror: world.mirror.url,
    targetMirror: `${world.mirror.url}/targets`,
    root: world.repository.root(),
    folder: world.folder,
    now: start,
    limits: { attemptsMax: 1 },
  };
  await openRepository(options);
  world.repository.publishTargets();
  world.repository.files.delete("2.targets.json");
  assert.equal(await refusal(openRepository(options)), "tuf-metadata-missing");
  assert.equal(text(world.cached("timestamp.json")), text(world.repository.roleBytes("timestamp")));
  assert.equal(text(world.cached("snapshot.json")), text(world.repository.roleBytes("snapshot")));
});
