// SPDX-License-Identifier: Apache-2.0
// The four levels with a real file and real services, in a temporary folder: `npm run demo`.
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Level, levels, type Step } from "./demo/levels.ts";
import { Session } from "./demo/session.ts";
import { folded, paint } from "./demo/terminal.ts";

/** Shown where the first word of each, if it is a path, exists. */
const next: readonly (readonly [place: string, what: string])[] = [
  ["npx chancery --help", "all commands; each has examples in its own --help"],
  [
    "npx chancery up --dev",
    "these services to try for yourself, with cosign as well; /docs has their APIs",
  ],
  ["README.md", "what it does, for whom; a private Sigstore on one machine"],
  ["docs/reason-codes.md", "every reason for a refusal, and what to do"],
  ["npm run page -- verify.html", "the same verification as a page without server"],
  ["npm test", "what all this rests on"],
];

const root = fileURLToPath(new URL("..", import.meta.url));
const started = performance.now();
const session = new Session();
try {
  copyFileSync(join(root, "LICENSE"), join(session.folder, "LICENSE"));
  for (const level of levels) await show(level);
} finally {
  await session.end();
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${paint("bold", "Where to look next")}  ${paint("dim", `after ${seconds} s`)}\n`);
for (const [place, what] of next) {
  if (/^\S+\.md$/.test(place) && !existsSync(join(root, place))) continue;
  console.log(`  ${place}\n      ${paint("dim", what)}`);
}

async function show({ title, promise, steps }: Level): Promise<void> {
  console.log(`${paint("bold", title)}: ${promise}\n`);
  for (const step of steps) {
    await perform(step(session));
    console.log("");
  }
}

async function perform({ about, command, instead, exit = 0 }: Step): Promise<void> {
  console.log(`  ${paint("dim", `# ${about}`)}`);
  if (command !== undefined) console.log(`  ${paint("cyan", `$ ${folded(command)}`)}`);
  if (instead) await instead();
  else if (command !== undefined) session.run(command.split(" ").slice(1), exit);
}
