// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { licencesOf } from "./licences.ts";
import { finish, published, readManifest, root } from "./manifest.ts";

const NODE_MAJOR_MIN = 24;

/** The command with everything it uses in one file, which also runs on its own. */
export async function bundleCommand(name: string, dist: string): Promise<void> {
  const folder = join(root, "packages", name);
  const file = join(dist, "chancery.js");
  const bundle = await rolldown({
    input: join(folder, "src/main.ts"),
    platform: "node",
    external: ["koffi"],
    transform: { target: "node20" },
    onLog(level, log, handle) {
      if (level === "warn") throw new Error(log.message);
      handle(level, log);
    },
  });
  const { output } = await bundle.write({
    file,
    format: "esm",
    minify: true,
    codeSplitting: false,
    banner: versionCheck(),
  });
  await bundle.close();
  chmodSync(file, 0o755);
  const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));
  writeFileSync(join(dist, "THIRD-PARTY.txt"), licencesOf(modules));

  const starter = readFileSync(join(folder, "bin/chancery.js"), "utf8");
  mkdirSync(join(dist, "bin"));
  writeFileSync(
    join(dist, "bin/chancery.js"),
    starter.replace("../src/main.ts", "../chancery.js"),
    { mode: 0o755 },
  );
  finish(dist, published(readManifest(name), "dependencies"));
}

/** Runs before everything but imports, which therefore must exist on older Nodes. */
function versionCheck(): string {
  const words = `"chancery: error: needs Node.js ${NODE_MAJOR_MIN} or later, this is "`;
  return `#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
if (Number.parseInt(process.versions.node, 10) < ${NODE_MAJOR_MIN}) {
  process.stderr.write(${words} + process.version + "\\n");
  process.exit(2);
}`;
}
