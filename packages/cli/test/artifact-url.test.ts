// SPDX-License-Identifier: Apache-2.0
// `--artifact` with an address: what is fetched, and what is not.
import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { after, before, suite, test } from "node:test";
import { encodePem } from "@chancery/formats/pem";
import { startRekor, type TestServer } from "../../server/test/rekor-server.ts";
import { inTurn, loopback } from "../../sign/test/loopback.ts";
import { CliError } from "../src/framework/index.ts";
import { isPrivateAddress, openArtifactFlag } from "../src/log/artifact.ts";
import { World } from "./world.ts";

const world = new World();
const content = "what is out there\n";
let log: TestServer;

before(async () => {
  log = await startRekor();
  const key = world.key("k");
  world.write("f", content);
  const pem = encodePem("PRIVATE KEY", key.toPkcs8());
  world.write("f.sig", sign("sha256", Buffer.from(content), pem));
});
after(() => log.close());

const needs = (signal = AbortSignal.timeout(5000)) => ({ io: { cwd: "/" } as any, signal });

async function read(
  url: string,
  isPrivate?: (address: string) => boolean,
  signal?: AbortSignal,
): Promise<string> {
  const { open } = await openArtifactFlag(url, needs(signal), isPrivate);
  const chunks: Uint8Array[] = [];
  for await (const chunk of open()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function refused(problem: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof CliError, String(error));
    assert.match(error.message, problem);
    return true;
  };
}

suite("an artifact at an address", () => {
  test("is logged and found like a file", async () => {
    const there = await loopback(inTurn({ body: content }));
    const about = ["--signature", "f.sig", "--public-key", "k.pub", "--rekor-server", log.url];
    const run = (command: string, ...args: string[]) =>
      world.run(["log", command, ...args], { env: { HOME: world.folder } });
    const first = await run("upload", "--artifact", `${there.url}/release`, ...about);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^Created entry at index 0,/);
    const again = await run("upload", "--artifact", "f", ...about);
    assert.match(again.stdout, /^Entry already exists;/);
    const whole = ["--type", "rekord", "--artifact", `${there.url}/release`];
    assert.match((await run("upload", ...whole, ...about)).stdout, /^Created entry at index 1,/);
    const found = await run("search", "--artifact", there.url, "--rekor-server", log.url);
    assert.equal(found.stdout.trim().split("\n").length, 2, found.stderr);
    const [request] = there.requests;
    assert.equal(request?.path, "/release");
    assert.equal(request?.headers["accept-encoding"], "identity");
  });

  test("may be elsewhere, within bounds", async () => {
    const to = (location: string, status = 302) => ({ status, headers: { location } });
    const there = await loopback(inTurn({ body: "x" }));
    const leading = await loopback(inTurn(to("/other", 301), to(there.url, 307)));
    assert.equal(await read(leading.url), "x", "who asks for loopback is led through it");
    const round = await loopback(inTurn(to("/again")));
    await assert.rejects(read(round.url), refused(/has more than 5 redirections$/));
    assert.equal(round.requests.length, 6);
    for (const place of ["file:///etc/passwd", "ftp://x/", "http://user@127.0.0.1/", "http://:x"]) {
      const astray = await loopback(inTurn(to(place)));
      await assert.rejects(read(astray.url), refused(/leads to what is no http or https address$/));
    }
  });

  test("is not fetched out of a private network that a server leads into", async () => {
    const secret = await loopback(inTurn({ body: "secret" }));
    const { port } = new URL(secret.url);
    for (const place of [secret.url, `http://localhost:${port}/`, `http://[::1]:${port}/`]) {
      const leading = await loopback(inTurn({ status: 302, headers: { location: place } }));
      let asked = 0;
      const isPrivate = (): boolean => asked++ > 0; // the first server is on the open net
      await assert.rejects(read(leading.url, isPrivate), refused(/leads into a private network$/));
    }
    assert.equal(secret.requests.length, 0);
  });

  test("that cannot be had is told", async () => {
    for (const status of [204, 304, 401, 404, 500]) {
      const there = await loopback(inTurn({ status }));
      await assert.rejects(read(there.url), refused(new RegExp(`answers ${status}$`)));
    }
    const cut = await loopback(inTurn({ drop: true }));
    await assert.rejects(read(cut.url), refused(/: socket hang up$/));
    const huge = await loopback(inTurn({ headers: { "content-length": String(2 ** 40) } }));
    await assert.rejects(read(huge.url), refused(/has more than 4294967296 bytes$/));
    await assert.rejects(read("http://user:pass@127.0.0.1/"), refused(/without a user name$/));
    await assert.rejects(read("http://"), refused(/is not an http or https address/));
  });

  test("is given up when time is up", async () => {
    const slow = await loopback(inTurn({ body: "x", hang: true }));
    const late = new CliError("unavailable", "timeout", "gave up after 1s");
    const controller = new AbortController();
    const reading = read(slow.url, undefined, controller.signal);
    setTimeout(() => controller.abort(late), 100);
    await assert.rejects(reading);
  });

  test("private addresses are known, however they are written", () => {
    for (const address of [
      "127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.0.1",
      "169.254.169.254",
      "100.100.100.100",
      "0.0.0.0",
      "::1",
      "::",
      "fd00::1",
      "fe80::1",
      "::ffff:10.0.0.1",
      "::ffff:7f00:1",
    ]) {
      assert.equal(isPrivateAddress(address), true, address);
    }
    for (const address of ["1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]) {
      assert.equal(isPrivateAddress(address), false, address);
    }
  });
});
