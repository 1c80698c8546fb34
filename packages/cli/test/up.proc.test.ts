// SPDX-License-Identifier: Apache-2.0
// `chancery up` in processes of its own: started, used, refused twice over, stopped, killed.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { World } from "./world.ts";

const program = fileURLToPath(new URL("../bin/chancery.js", import.meta.url));
const world = new World();
world.key("k");
world.write("f", "the content\n");
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill("SIGKILL");
});

interface Up {
  readonly url: string;
  readonly said: () => string;
  readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals | null>;
}

let count = 0;

async function up(flags = "--listen 127.0.0.1:0"): Promise<Up> {
  const [out, err] = [`out${++count}`, `err${count}`];
  const files = [out, err].map((name) => openSync(world.path(name), "w"));
  const args = [program, "up", "--data", "data", ...flags.split(" ")];
  const child = spawn(process.execPath, args, {
    cwd: world.folder,
    env: { PATH: process.env["PATH"], HOME: world.folder },
    stdio: ["ignore", files[0], files[1]],
  });
  running.add(child);
  files.forEach(closeSync);
  const said = (): string => world.read(err);
  for (let waited = 0; waited < 20_000 && child.exitCode === null; waited += 20) {
    const url = /^Ready at (\S+);/m.exec(said())?.[1];
    if (url !== undefined) {
      return {
        url,
        said,
        async end(signal) {
          child.kill(signal);
          await once(child, "exit");
          running.delete(child);
          return child.exitCode ?? child.signalCode;
        },
      };
    }
    await delay(20);
  }
  throw new Error(`did not start: ${said()}${world.read(out)}`);
}

/** A second `up` on the same directory. */
function again(...flags: readonly string[]) {
  return againWith({}, ...flags);
}

/** The same, in an environment. */
function againWith(variables: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  const args = [program, "up", "--data", "data", "--listen", "127.0.0.1:0", ...flags];
  const env = { PATH: process.env["PATH"], HOME: world.folder, ...variables };
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: world.folder,
    env,
    encoding: "utf8",
  });
  return { code: status, stderr };
}

async function sign(url: string): Promise<void> {
  const trust = "--signing-config data/signing_config.v0.2.json";
  const line = `sign-blob --key k.key -y ${trust} --trusted-root data/trusted_root.json f`;
  const { code, stderr } = await world.run(line);
  assert.equal(code, 0, stderr);
  assert.ok(stderr.includes(url), stderr);
}

async function verify(): Promise<void> {
  const line = "verify-blob --key k.pub --trusted-root data/trusted_root.json --offline f";
  const { code, stderr } = await world.run(line);
  assert.equal(code, 0, stderr);
}

test("an empty folder becomes a log that is used as it says, stopped, killed, and begun again", async () => {
  const first = await up();
  for (const line of [
    "trusted root    data/trusted_root.json",
    "signing config  data/signing_config.v0.2.json",
    "\nFirst:\n  chancery user add --data data you@example.com\n",
    `\n  cosign initialize --mirror ${first.url}/tuf --root ${first.url}/tuf/1.root.json --root-checksum `,
    "\nWith cosign:\n  cosign sign-blob --bundle FILE.sigstore.json FILE\n",
    "\n  cosign sign-blob --key cosign.key --bundle FILE.sigstore.json FILE\n",
    "\nWith Chancery:\n  chancery sign-blob --bundle FILE.sigstore.json FILE\n",
  ]) {
    assert.ok(first.said().includes(line), first.said());
  }
  assert.ok(first.said().endsWith("; Ctrl-C stops it\n"), "readiness is said last");
  await sign(first.url);
  await verify();

  const refused = again();
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stderr, /data is in use by process \d+ on \S+ \(since .*\): stop that one/);
  const port = new URL(first.url).port;
  const taken = again("--data", "elsewhere", "--listen", `127.0.0.1:${port}`);
  assert.equal(taken.code, 3, taken.stderr);
  assert.match(taken.stderr, /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);

  assert.equal(await first.end("SIGTERM"), 0);
  assert.match(first.said(), /Stopping on SIGTERM\n$/);

  const search = `log search --public-key k.pub --format json --rekor-server`;
  const second = await up(`--listen 127.0.0.1:${port}`);
  const found = await world.run(`${search} ${second.url}`, { env: { HOME: world.folder } });
  assert.equal(JSON.parse(found.stdout).UUIDs.length, 1, found.stderr);
  await sign(second.url);
  assert.equal(await second.end("SIGKILL"), "SIGKILL");
  await verify();

  const third = await up(`--listen 127.0.0.1:${port}`);
  await verify();
  const all = await world.run(`${search} ${third.url}`, { env: { HOME: world.folder } });
  assert.equal(JSON.parse(all.stdout).UUIDs.length, 2, all.stderr);
  assert.equal(await third.end("SIGINT"), 0);
});

test("some services alone are used with the files that they have written", async () => {
  const log = await up("--data alone --only rekor --listen 127.0.0.1:0");
  const files =
    "--signing-config alone/signing_config.v0.2.json --trusted-root alone/trusted_root.json";
  const bundle = "--bundle FILE.sigstore.json FILE";
  assert.ok(log.said().includes(`  cosign sign-blob --key cosign.key ${files} ${bundle}\n`));
  assert.doesNotMatch(log.said(), /initialize|certificate|user add/);
  assert.equal(await log.end("SIGTERM"), 0);
});

test("settings that are wrong are named, and nothing is started", () => {
  world.write("bad.yaml", "listen: 1\nlogs: {}\n");
  const bad = again("--config", "bad.yaml");
  assert.equal(bad.code, 2, bad.stderr);
  assert.match(bad.stderr, /bad\.yaml: listen: /);
  assert.match(bad.stderr, /bad\.yaml: logs: no such setting/);
  const address = again("--listen", "nowhere");
  assert.equal(address.code, 2);
  assert.match(address.stderr, /--listen: listen: is not host:port/);
  const operations = again("--enabled_api_endpoints", "getLogInfo,getLogs");
  assert.equal(operations.code, 2);
  assert.match(
    operations.stderr,
    /--enabled-api-endpoints: log\.enabledApiEndpoints\.1: is not one of searchIndex, /,
  );
  const variable = againWith({ CHANCERY_LIMITS_REQUESTS_MAX: "many" });
  assert.equal(variable.code, 2);
  assert.match(
    variable.stderr,
    /CHANCERY_LIMITS_REQUESTS_MAX: limits\.requestsMax: is not a whole number/,
  );
  const missing = again("--config", "none.yaml");
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /none\.yaml: no such file/);
});

test("--output json says on one line what programs need, and --config holds", async () => {
  world.write("quiet.yaml", "logging:\n  level: silent\n");
  const args = ["--data", "quiet", "--listen", "127.0.0.1:0", "--config", "quiet.yaml"];
  const child = spawn(process.execPath, [program, "up", ...args, "--output", "json"], {
    cwd: world.folder,
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "ignore"],
  });
  running.add(child);
  let stdout = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    stdout += chunk as string;
    if (stdout.includes("\n")) child.kill("SIGTERM");
  }
  if (child.exitCode === null) await once(child, "exit");
  running.delete(child);
  assert.equal(child.exitCode, 0);
  const [line = "", ...others] = stdout.trim().split("\n");
  assert.deepEqual(others, [], "nothing else is said there");
  const { version, url, trustedRoot, signingConfig, dataDirectory } = JSON.parse(line);
  assert.equal(version, 1);
  assert.match(url, /^http:\/\/localhost:\d+$/);
  assert.deepEqual(
    [dataDirectory, trustedRoot, signingConfig],
    ["quiet", "quiet/trusted_root.json", "quiet/signing_config.v0.2.json"],
  );
});

test("flags go before variables, these before --config, and that before chancery.yaml", async () => {
  mkdirSync(world.path("layers"));
  world.write("layers/chancery.yaml", "log: {hostname: yaml.example, operator: yaml}\n");
  world.write("layers.yaml", "log: {operator: file, hostname: file.example}\nlisten: none:1\n");
  const child = spawn(
    process.execPath,
    [program, "up", "--data", "layers", "--config", "layers.yaml", "--output", "json"].concat([
      "--listen",
      "127.0.0.1:0",
    ]),
    {
      cwd: world.folder,
      env: {
        PATH: process.env["PATH"],
        CHANCERY_LOG_HOSTNAME: "variable.example",
        CHANCERY_LOGGING_LEVEL: "silent",
        CHANCERY_LISTEN: "none:2",
      },
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  running.add(child);
  let stdout = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    stdout += chunk as string;
    if (stdout.includes("\n")) child.kill("SIGTERM");
  }
  if (child.exitCode === null) await once(child, "exit");
  running.delete(child);
  const { url, hostname, signingConfig } = JSON.parse(stdout);
  assert.match(url, /^http:\/\/localhost:\d+$/, "as the flag says");
  assert.equal(hostname, "variable.example");
  assert.equal(world.json(signingConfig).rekorTlogUrls[0].operator, "file");
});

test("--timeout stops it", () => {
  const late = again("--data", "late", "--timeout", "1ms");
  assert.equal(late.code, 3, late.stderr);
  assert.match(late.stderr, /gave up after 1ms/);
});
