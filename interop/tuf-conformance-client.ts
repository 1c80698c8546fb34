// SPDX-License-Identifier: Apache-2.0
// Our TUF client behind the command line that github.com/theupdateframework/tuf-conformance asks
// for. 0: done; 1: refused, with the reason on stderr.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openRepository, TufError } from "@chancery/verify/tuf";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "metadata-dir": { type: "string", default: "" },
    "metadata-url": { type: "string", default: "" },
    "target-name": { type: "string", multiple: true, default: [] },
    "target-base-url": { type: "string" },
    "target-dir": { type: "string", default: "" },
  },
});
const folder = values["metadata-dir"];
const [command, initialRoot = ""] = positionals;

try {
  switch (command) {
    case "init":
      mkdirSync(folder, { recursive: true });
      copyFileSync(initialRoot, join(folder, "root.json"));
      break;
    case "refresh":
      await open();
      break;
    case "download":
      await download();
      break;
    default:
      throw new Error(`unknown command ${command ?? ""}`);
  }
} catch (error) {
  const code = error instanceof TufError ? `${error.code}: ` : "";
  console.error(`${code}${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function open(): ReturnType<typeof openRepository> {
  const mirror = values["metadata-url"].replace(/\/$/, "");
  return openRepository({
    mirror,
    targetMirror: values["target-base-url"] ?? mirror,
    folder,
    now: new Date(),
    limits: { attemptsMax: 1 },
  });
}

async function download(): Promise<void> {
  const repository = await open();
  for (const name of values["target-name"]) {
    const bytes = await repository.target(name);
    const path = join(values["target-dir"], encodeURIComponent(name));
    if (!existsSync(path) || !readFileSync(path).equals(bytes)) writeFileSync(path, bytes);
  }
}
