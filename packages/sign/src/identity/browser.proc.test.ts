// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openInBrowser } from "./browser.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "chancery-browser-"));
after(() => fs.rmSync(folder, { recursive: true }));

const skip = process.platform === "win32" && "the openers are shell scripts";
const environment = { PATH: `${folder}:/usr/bin:/bin`, DISPLAY: ":0" };

/** An opener that writes down its arguments, one a line. */
function install(program: string): () => Promise<string> {
  const [script, output] = [join(folder, program), join(folder, `${program}.out`)];
  const write = `printf '%s\\n' "$@" > '${output}.part' && mv '${output}.part' '${output}'`;
  fs.writeFileSync(script, `#!/bin/sh\n${write}\n`, { mode: 0o755 });
  return async () => {
    for (let i = 0; i < 500 && !fs.existsSync(output); i++) await delay(10);
    return fs.readFileSync(output, "utf8");
  };
}

const address = `https://issuer.example/auth?a=b&c="$(id)"&d=%20;e`;

test(
  "each platform's opener gets the address as one argument, without a shell",
  { skip },
  async () => {
    const { href } = new URL(address);
    for (const [platform, program, expected] of [
      ["linux", "xdg-open", `${href}\n`],
      ["darwin", "open", `${href}\n`],
      ["win32", "rundll32", `url.dll,FileProtocolHandler\n${href}\n`],
    ] as const) {
      const printed = install(program);
      assert.equal(await openInBrowser(address, environment, platform), true);
      assert.equal(await printed(), expected);
    }
  },
);

test(
  "what is no address of the web, and what nobody would see, is not opened",
  { skip },
  async () => {
    for (const text of ["", "x", "file:///etc/passwd", "javascript:alert(1)", "--version"]) {
      assert.equal(await openInBrowser(text, environment, "linux"), false);
    }
    const { PATH } = environment;
    assert.equal(await openInBrowser(address, { PATH }, "linux"), false);
    const none = { ...environment, PATH: join(folder, "none") };
    assert.equal(await openInBrowser(address, none, "linux"), false);
  },
);
