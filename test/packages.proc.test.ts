// SPDX-License-Identifier: Apache-2.0
// What is published, as those who install it meet it: built into a temporary folder, packed,
// installed without network, imported, bundled for browsers, compiled against.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { parseSync } from "rolldown/utils";

const root = fileURLToPath(new URL("..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "chancery-packages-"));
const built = join(work, "built");
const project = join(work, "project");

/** What `@chancery/verify` may take with all that it needs: as content, and as `du` counts. */
const installedBytesMax = 1_000_000;
const onDiskBytesMax = 2 ** 20;
/** What the command may take, and of that what every start reads. */
const commandBytesMax = 3_500_000;
const startBytesMax = 150_000;

interface Manifest {
  readonly name: string;
  readonly exports?: Record<string, { readonly types: string; readonly default: string }>;
  readonly imports?: Record<string, Record<string, string>>;
  readonly bin?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly [field: string]: unknown;
}

before(() => {
  build("formats", "verify");
  const folders = ["formats", "verify"].map((name) => join(built, name));
  const packed = JSON.parse(npm(["pack", "--json", ...folders], work)) as { filename: string }[];
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), `{ "private": true, "type": "module" }`);
  const tarballs = packed.map(({ filename }) => join(work, filename.replace(/^@|\//g, sanitized)));
  npm(["install", "--offline", "--ignore-scripts", ...tarballs], project);
});
after(() => rmSync(work, { recursive: true }));

describe("@chancery/verify, installed", () => {
  test("takes at most 1 MB with all that it needs", (t) => {
    const entries = globSync("**/*", { cwd: join(project, "node_modules") }).map((path) =>
      statSync(join(project, "node_modules", path)),
    );
    const files = entries.filter((entry) => entry.isFile());
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    const onDisk = entries.reduce((sum, entry) => sum + entry.blocks * 512, 0);
    t.diagnostic(`${files.length} files, ${bytes} bytes, ${onDisk} bytes on disk`);
    assert.ok(bytes > 100_000, "something was installed");
    assert.ok(bytes <= installedBytesMax, `${bytes} bytes`);
    assert.ok(onDisk <= onDiskBytesMax, `${onDisk} bytes on disk`);
    const names = globSync("{*,@*/*}/package.json", { cwd: join(project, "node_modules") });
    assert.deepEqual(names.sort(), ["@chancery/formats", "@chancery/verify"].map(manifestIn));
  });

  for (const condition of ["node", "browser"]) {
    test(`verifies a bundle and refuses another file, under condition ${condition}`, () => {
      const script = join(project, "verify.mjs");
      writeFileSync(script, consumer);
      const fixture = join(root, "test/fixtures/peers/cosign/keyless-blob");
      const args = [`--conditions=${condition}`, script, fixture];
      assert.deepEqual(JSON.parse(command(process.execPath, args, project)), [
        ["verified", null],
        ["refused", "artifact-digest-mismatch"],
      ]);
    });
  }

  test("reaches no module of Node in a browser, by any entry but those made for Node", async () => {
    const entries = [
      ...Object.keys(manifestOf("formats").exports ?? {})
        .filter((subpath) => !subpath.startsWith("./crypto/node"))
        .map((subpath) => `@chancery/formats${subpath.slice(1)}`),
      "@chancery/verify",
    ];
    assert.ok(entries.length > 10);
    const { builtins, modules } = await browserGraph(entries);
    assert.deepEqual(builtins, []);
    assert.ok(modules.some((id) => id.endsWith("/crypto/backend-browser.js")));
    assert.ok(!modules.some((id) => id.endsWith("/crypto/backend-node.js")));
  });

  test("the entries made for Node do reach its modules, so the test above can fail", async () => {
    const { builtins } = await browserGraph(["@chancery/formats/crypto/node"]);
    assert.ok(builtins.includes("node:crypto"));
  });

  test("is typed without the types of Node or of browsers, under both module resolutions", () => {
    writeFileSync(join(project, "typed.ts"), typedConsumer());
    for (const module of ["nodenext", "esnext"]) {
      const moduleResolution = module === "esnext" ? "bundler" : module;
      compile({ module, moduleResolution, types: [] }, "typed.ts");
    }
  });

  test("the entries made for Node are typed beside the types of Node", () => {
    const code = `import { fetchTrust } from "@chancery/verify/tuf";
import { privateKeyFromPkcs8 } from "@chancery/formats/crypto/node";
// @ts-expect-error takes bytes
privateKeyFromPkcs8(1);
export const trust: Promise<object> = fetchTrust({} as Parameters<typeof fetchTrust>[0]);
`;
    writeFileSync(join(project, "typed-node.ts"), code);
    mkdirSync(join(project, "node_modules/@types"));
    mkdirSync(join(project, "node_modules/@tufjs"));
    for (const name of ["@types/node", "undici-types", "tuf-js", "@tufjs/models"]) {
      symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name));
    }
    compile({ module: "nodenext", types: ["node"] }, "typed-node.ts");
  });
});

describe("what is published", () => {
  let libraries: string[] = [];
  before(() => {
    const waiting = globSync("packages/*/package.json", { cwd: root })
      .map((path) => path.split("/")[1] ?? "")
      .filter((name) => !existsSync(join(built, name)));
    build(...waiting);
    libraries = globSync("*", { cwd: built }).filter((name) => name !== "cli");
    assert.ok(libraries.length >= 3);
  });

  test("every entry leads to a file, and no source or test is among the files", () => {
    for (const name of [...libraries, "cli"]) {
      const manifest = manifestOf(name);
      const targets = [
        ...Object.values(manifest.exports ?? {}).flatMap((conditions) => Object.values(conditions)),
        ...Object.values(manifest.imports ?? {}).flatMap((conditions) => Object.values(conditions)),
        ...Object.values(manifest.bin ?? {}),
      ];
      assert.ok(targets.length > 0, name);
      const missing = targets.filter((target) => !existsSync(join(built, name, target)));
      assert.deepEqual(missing, [], name);
      const strange = globSync("**/*", { cwd: join(built, name) }).filter(
        (path) => /\.test\.|(?<!\.d)\.ts$/.test(path) || path.includes("node_modules"),
      );
      assert.deepEqual(strange, [], name);
      assert.ok(existsSync(join(built, name, "LICENSE")), name);
    }
  });

  test("manifests tell publishers and bundlers what they need, and keep the workspace's own", () => {
    for (const name of libraries) {
      const manifest = manifestOf(name);
      assert.equal(manifest["sideEffects"], false, name);
      assert.equal(manifest["type"], "module", name);
      for (const field of ["private", "scripts", "devDependencies"]) {
        assert.equal(manifest[field], undefined, `${name}: ${field}`);
      }
      for (const [subpath, conditions] of Object.entries(manifest.exports ?? {})) {
        assert.equal(Object.keys(conditions)[0], "types", `${name} ${subpath}: types come first`);
      }
    }
    assert.deepEqual(Object.keys(manifestOf("verify").dependencies ?? {}), ["@chancery/formats"]);
    assert.equal(manifestOf("formats").dependencies, undefined);
  });

  test("every package that is imported is declared", () => {
    for (const name of libraries) {
      const manifest = manifestOf(name);
      const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
      for (const path of globSync("**/*.js", { cwd: join(built, name) })) {
        for (const specifier of importsOf(join(built, name, path))) {
          if (specifier.startsWith(".")) continue;
          const wanted = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? "";
          const known = specifier.startsWith("node:") || wanted in declared;
          const inside = wanted in (manifest.imports ?? {});
          assert.ok(known || inside, `${name}/${path} imports ${specifier}`);
        }
      }
    }
  });

  test("what others wrote travels with its licence", () => {
    for (const [name, packages] of [
      ["formats", ["@noble/curves", "@noble/hashes"]],
      ["cli", ["commander", "@clack/prompts"]],
    ] as const) {
      const notices = readFileSync(join(built, name, "THIRD-PARTY.txt"), "utf8");
      for (const part of packages) assert.ok(notices.includes(`${part} `), `${name}: ${part}`);
      const licences = notices.split("Permission is hereby granted").length - 1;
      assert.ok(licences >= packages.length, name);
    }
  });

  test("the command takes at most 3.5 MB, and its start reads little of that", (t) => {
    const lib = join(built, "cli/lib");
    const files = globSync("*.js", { cwd: lib });
    const bytes = files.reduce((sum, name) => sum + statSync(join(lib, name)).size, 0);
    const start = staticallyImported(join(lib, "main.js"));
    const read = [...start].reduce((sum, file) => sum + statSync(file).size, 0);
    t.diagnostic(`${files.length} files, ${bytes} bytes, ${start.size} of ${read} at the start`);
    assert.ok(bytes <= commandBytesMax, `${bytes} bytes`);
    assert.ok(read <= startBytesMax, `${read} bytes at the start`);
  });

  test("the command runs wherever its folder is, its services too", async () => {
    const moved = join(work, "moved");
    cpSync(join(built, "cli"), moved, { recursive: true });
    for (const file of ["chancery.js", "bin/chancery.js"]) {
      assert.match(command(process.execPath, [join(moved, file), "version"], work), /0\.1\.0/);
    }
    const args = [join(moved, "chancery.js"), "up", "--listen", "127.0.0.1:0"];
    const server = spawn(process.execPath, args, {
      cwd: work,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    for await (const chunk of server.stderr.setEncoding("utf8")) {
      said += chunk as string;
      const url = /^Ready at (\S+);/m.exec(said)?.[1];
      if (url === undefined || said.includes("Stopping")) continue;
      const response = await fetch(`${url}/api/v1/log`);
      assert.equal(response.status, 200);
      server.kill("SIGTERM");
    }
    assert.match(said, /Stopping on SIGTERM/);
  });
});

const consumer = `import { readFileSync } from "node:fs";
import { artifactFromBytes, verify } from "@chancery/verify";
const read = (path) => new Uint8Array(readFileSync(process.argv[2] + "/" + path));
const { bundle, artifact, trustedRoot, identity, issuer } = JSON.parse(
  readFileSync(process.argv[2] + "/case.json", "utf8"),
);
const answers = [read(artifact), new Uint8Array(3)].map((bytes) => {
  const { verdict, reason } = verify({
    bundle: read(bundle),
    artifact: artifactFromBytes(bytes),
    trustedRoot: read(trustedRoot),
    policy: {
      signer: { kind: "identity", identity: { exact: identity }, issuer: { exact: issuer } },
    },
  });
  return [verdict, reason ?? null];
});
console.log(JSON.stringify(answers));
`;

/** Touches every entry for browsers; were types missing or loose, a line would not compile. */
function typedConsumer(): string {
  const subpaths = Object.keys(manifestOf("formats").exports ?? {}).filter(
    (subpath) => !subpath.startsWith("./crypto/node"),
  );
  const imports = subpaths.map(
    (subpath, i) => `export * as formats${i} from "@chancery/formats${subpath.slice(1)}";`,
  );
  return `${imports.join("\n")}
import { decodeBase64 } from "@chancery/formats/bytes";
import { artifactFromBytes, type Check, type Evidence, verify } from "@chancery/verify";
const bytes: Uint8Array = decodeBase64("aGVsbG8=");
export const evidence: Evidence = verify({
  bundle: "{}",
  artifact: artifactFromBytes(bytes),
  policy: { signer: { kind: "identity", identity: { exact: "a" }, issuer: { pattern: "b" } } },
});
export const statuses: ("passed" | "failed" | "skipped")[] = evidence.checks.map(
  (check: Check) => check.status,
);
// @ts-expect-error a policy is required
verify({ bundle: "{}" });
// @ts-expect-error a verdict is no boolean
export const verified: boolean = evidence.verdict;
`;
}

function compile(options: Record<string, unknown>, file: string): void {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2024",
    lib: ["es2024"],
    skipLibCheck: false,
    ...options,
  };
  const config = join(project, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ compilerOptions, files: [file] }));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  command(process.execPath, [compiler, "-p", config], project);
}

/** All modules that a page importing the entries would load, and those of Node among them. */
async function browserGraph(
  entries: readonly string[],
): Promise<{ builtins: string[]; modules: string[] }> {
  const input = join(project, "page.js");
  const lines = entries.map((entry, i) => `export * as entry${i} from "${entry}";`);
  writeFileSync(input, lines.join("\n"));
  const builtins = new Set<string>();
  const bundle = await rolldown({
    input,
    platform: "browser",
    treeshake: false,
    external: (id) => {
      const builtin = id.startsWith("node:") || builtinModules.includes(id);
      if (builtin) builtins.add(id);
      return builtin;
    },
  });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  return { builtins: [...builtins], modules };
}

/** The specifiers of all imports, also of those made when called. */
function importsOf(file: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, source } = node as { type?: string; source?: { value?: unknown } | null };
    if (type !== undefined && /^(Import|Export)/.test(type) && typeof source?.value === "string") {
      found.push(source.value);
    }
    Object.values(node).forEach(visit);
  };
  visit(parseSync(file, readFileSync(file, "utf8")).program);
  return found;
}

/** The file and all that is read before it runs. */
function staticallyImported(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const { body } = parseSync(file, readFileSync(file, "utf8")).program;
  for (const { type, source } of body as { type: string; source?: { value: string } | null }[]) {
    if (!/^(Import|Export)/.test(type) || !source?.value.startsWith(".")) continue;
    staticallyImported(join(file, "..", source.value), found);
  }
  return found;
}

function build(...names: string[]): void {
  command(process.execPath, ["scripts/build.ts", "--out", built, ...names], root);
}

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(built, name, "package.json"), "utf8")) as Manifest;
}

function manifestIn(name: string): string {
  return `${name}/package.json`;
}

/** npm names tarballs of scoped packages `scope-name-version.tgz`. */
function sanitized(part: string): string {
  return part === "@" ? "" : "-";
}

/** npm as anybody has it: no settings of this machine, a cache of its own, and no network. */
function npm(args: readonly string[], cwd: string): string {
  const env = {
    ...process.env,
    npm_config_cache: join(work, "cache"),
    npm_config_userconfig: join(work, "npmrc"),
    npm_config_offline: "true",
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
  };
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd, env, encoding: "utf8" });
  assert.equal(status, 0, `npm ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

function command(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}
