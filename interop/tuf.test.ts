// SPDX-License-Identifier: Apache-2.0
// The TUF repository of `chancery up`, read by clients as they are.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LogServer } from "./log-server.ts";
import { peer } from "./peers.ts";
import { must } from "./run-peer.ts";

const folder = mkdtempSync(join(tmpdir(), "chancery-tuf-"));
const server = new LogServer(join(folder, "stack"));

before(() => server.start());
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the TUF repository of chancery up", () => {
  const wanted = (name: "trustedRoot" | "signingConfig"): string =>
    readFileSync(server[name], "utf8");

  test("is taken by cosign initialize", () => {
    const url = `${server.url}/tuf`;
    const root = join(folder, "cosign");
    must(peer("cosign").path, ["initialize", "--mirror", url, "--root", `${url}/1.root.json`], {
      env: { TUF_ROOT: root },
    });
    const targets = join(
      root,
      `${url.slice("http://".length).replaceAll(/[/:]/g, "-")}`,
      "targets",
    );
    const read = (name: string): string => readFileSync(join(targets, name), "utf8");
    assert.equal(read("trusted_root.json"), wanted("trustedRoot"));
    assert.equal(read("signing_config.v0.2.json"), wanted("signingConfig"));
  });

  test("is taken by sigstore-python", async () => {
    const url = `${server.url}/tuf`;
    const root = join(folder, "root.json");
    writeFileSync(root, await (await fetch(`${url}/1.root.json`)).text());
    must(peer("sigstore-python").path, ["--instance", url, "trust-instance", root], {
      env: {
        HOME: folder,
        XDG_CACHE_HOME: join(folder, "cache"),
        XDG_DATA_HOME: join(folder, "data"),
      },
    });
    const targets = join(folder, "cache/sigstore-python/tuf", encodeURIComponent(url));
    const read = (name: string): string => readFileSync(join(targets, name), "utf8");
    assert.equal(read("trusted_root.json"), wanted("trustedRoot"));
    assert.equal(read("signing_config.v0.2.json"), wanted("signingConfig"));
  });
});
