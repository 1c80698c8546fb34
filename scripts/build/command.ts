// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Plugin, rolldown } from "rolldown";
import { licencesOf } from "./licences.ts";
import { finish, published, readManifest, root } from "./manifest.ts";
import { failOnWarning } from "./warnings.ts";

const NODE_MAJOR_MIN = 24;

/** Where the modules are, beside the file that is run. */
const LIBRARY = "lib";

/** Threads, which start from files of their own, and who names those as packages' subpaths. */
const THREADS = [
  {
    file: "log-worker",
    module: "packages/log/src/worker/main.ts",
    subpath: "@chancery/log/worker",
    startedBy: "packages/log/src/worker/open-log.ts",
  },
  {
    file: "verify-thread",
    module: "packages/formats/src/crypto/node/verify-thread.ts",
    subpath: "@chancery/formats/crypto/node/verify-thread",
    startedBy: "packages/formats/src/crypto/node/verify-in-pool.ts",
  },
] as const;

/**
 * The command with everything it uses, in a folder that also runs on its own. What a command loads
 * when it runs is in files of its own, so that the services cost those nothing that do not use them
 * (docs/adr/0007).
 */
export async function bundleCommand(name: string, dist: string): Promise<void> {
  const folder = join(root, "packages", name);
  const bundle = await rolldown({
    input: {
      main: join(folder, "src/main.ts"),
      ...Object.fromEntries(THREADS.map(({ file, module }) => [file, join(root, module)])),
    },
    platform: "node",
    external: ["koffi"],
    transform: { target: "node20" },
    plugins: [...THREADS.map(threadInPlace), withoutDeprecations, withoutProtobufLoader],
    onLog: failOnWarning,
  });
  const { output } = await bundle.write({
    dir: join(dist, LIBRARY),
    format: "esm",
    minify: true,
    keepNames: true, // the OpenID provider finds its settings by the names of its classes
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
  });
  await bundle.close();
  const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  writeFileSync(join(dist, "THIRD-PARTY.txt"), licencesOf(modules));

  writeFileSync(join(dist, "chancery.js"), starter(), { mode: 0o755 });
  const bin = readFileSync(join(folder, "bin/chancery.js"), "utf8");
  mkdirSync(join(dist, "bin"));
  const main = `../${LIBRARY}/main.js`;
  writeFileSync(join(dist, "bin/chancery.js"), bin.replace("../src/main.ts", main), {
    mode: 0o755,
  });
  finish(dist, published(readManifest(name), "dependencies"));
}

/**
 * Stands in for `depd`, with which libraries warn those who program with them. It makes functions
 * by `eval`, which has no place in a program that holds keys.
 */
const withoutDeprecations: Plugin = {
  name: "without-deprecations",
  resolveId: (id) => (id === "depd" ? "\0depd" : undefined),
  load: (id) =>
    id === "\0depd"
      ? `module.exports = () => Object.assign(() => {}, { function: (f) => f, property() {} });`
      : undefined,
};

/**
 * Stands in for the loader with which gRPC's library describes itself to debuggers, which is never
 * asked for here: it makes functions of text, too.
 */
const withoutProtobufLoader: Plugin = {
  name: "without-protobuf-loader",
  resolveId: (id) => (id === "@grpc/proto-loader" ? "\0proto-loader" : undefined),
  load: (id) =>
    id === "\0proto-loader"
      ? `exports.loadSync = () => { throw new Error("no protobuf files are loaded"); };`
      : undefined,
};

/** Lets a thread's module be found beside the bundle, where no package of that name is. */
function threadInPlace({ file, subpath, startedBy }: (typeof THREADS)[number]): Plugin {
  const asPackage = `import.meta.resolve("${subpath}")`;
  let found = false;
  return {
    name: file,
    transform(code, id) {
      if (!id.endsWith(`/${startedBy}`)) return undefined;
      found = code.includes(asPackage);
      return code.replace(asPackage, `new URL("./${file}.js", import.meta.url).href`);
    },
    buildEnd() {
      if (!found) throw new Error(`nothing calls ${asPackage}: its thread would not be found`);
    },
  };
}

/** What is run: old Nodes can parse it, and nothing else is loaded before the version is known. */
function starter(): string {
  const words = `"chancery: error: needs Node.js ${NODE_MAJOR_MIN} or later, this is "`;
  return `#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import nodeModule from "node:module";
if (Number.parseInt(process.versions.node, 10) < ${NODE_MAJOR_MIN}) {
  process.stderr.write(${words} + process.version + "\\n");
  process.exitCode = 2;
} else {
  nodeModule.enableCompileCache?.();
  await import("./${LIBRARY}/main.js");
}
`;
}
