// SPDX-License-Identifier: Apache-2.0
// Makes the page one HTML file that works from a disk: `npm run page -- FILE`.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const folder = fileURLToPath(new URL(".", import.meta.url));

/**
 * The page as HTML.
 * @param modules a `node_modules` folder with the libraries as published; without it, their sources
 */
export async function buildPage(modules?: string): Promise<string> {
  const page = join(folder, "page");
  const script = (await bundleForBrowser(join(page, "main.ts"), modules)).replaceAll(
    "</script",
    "<\\/script",
  );
  const style = readFileSync(join(page, "style.css"), "utf8");
  const policy =
    `default-src 'none'; script-src ${cspHash(script)}; style-src ${cspHash(style)}; ` +
    "base-uri 'none'; form-action 'none'";
  return readFileSync(join(page, "index.html"), "utf8")
    .replace('content="policy"', () => `content="${policy}"`)
    .replace("<style></style>", () => `<style>${style}</style>`)
    .replace("<script></script>", () => `<script>${script}</script>`);
}

/** One classic script with all that the entry imports, as a bundler makes it for browsers. */
export async function bundleForBrowser(entry: string, modules?: string): Promise<string> {
  const build = await rolldown({
    input: entry,
    platform: "browser",
    ...(modules === undefined ? {} : { resolve: { modules: [modules] } }),
    onLog(level, log, handle) {
      if (level === "warn") throw new Error(log.message);
      handle(level, log);
    },
  });
  const { output } = await build.generate({ format: "iife", minify: true, codeSplitting: false });
  await build.close();
  return output[0].code;
}

function cspHash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

const [, program, target = "verify.html"] = process.argv;
if (program === fileURLToPath(import.meta.url)) {
  writeFileSync(resolve(target), await buildPage());
  console.log(`${target} works from where it is: open it in a browser`);
}
