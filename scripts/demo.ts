// SPDX-License-Identifier: Apache-2.0
// What the command does, level by level, with real files in a temporary folder: `npm run demo`.
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";

interface Step {
  /** What the reader sees happen. */
  readonly about: string;
  /** As a person would type it. The words after `chancery` hold no spaces. */
  readonly command: string;
  /** For commands that are not ours: the same in JavaScript, for systems without them. */
  readonly instead?: (folder: string) => void;
  /** The exit code that the demonstration needs. Default 0. */
  readonly exit?: number;
}

interface Level {
  readonly title: string;
  readonly promise: string;
  /** Files that it begins with: name in the folder, path in the project. */
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

const password = "correct-horse-battery-staple";
const peers = "test/fixtures/peers";
const workflow = "https://github.com/example/project/.github/workflows/release.yml@refs/heads/main";

/** In the order in which an organisation climbs them. A new level is one more item. */
const levels: readonly Level[] = [
  {
    title: "Level 1, keyed",
    promise: "made with a long-lived key: no account, no service, no network",
    files: { LICENSE: "LICENSE" },
    steps: [
      {
        about: "A password for the private key, here from the environment",
        command: `export CHANCERY_PASSWORD=${password}`,
        instead: () => {}, // every command below gets it
      },
      {
        about: "A key pair; keys that you have already work as well",
        command: "chancery generate-key-pair --output-key-prefix release",
      },
      {
        about: "Sign a file",
        command: "chancery sign-blob --key release.key --bundle LICENSE.sigstore.json LICENSE",
      },
      {
        about: "Verify it: the file, its bundle, the public key",
        command:
          "chancery verify-blob --key release.pub --bundle LICENSE.sigstore.json --level keyed LICENSE",
      },
      {
        about: "Someone changes a copy",
        command: "cp LICENSE LICENSE.copy && echo 'and all your base' >> LICENSE.copy",
        instead: (folder) => {
          copyFileSync(join(folder, "LICENSE"), join(folder, "LICENSE.copy"));
          appendFileSync(join(folder, "LICENSE.copy"), "and all your base\n");
        },
      },
      {
        about: "It is refused, with a reason that scripts can match and a hint for people",
        command:
          "chancery verify-blob --key release.pub --bundle LICENSE.sigstore.json --level keyed LICENSE.copy",
        exit: 1,
      },
    ],
  },
  {
    title: "Level 2, logged",
    promise: "level 1, and an entry in a public log; this one was made by sigstore-js",
    files: {
      "logged.txt": `${peers}/sigstore-js/key-message/artifact.txt`,
      "logged.sigstore.json": `${peers}/sigstore-js/key-message/bundle.sigstore.json`,
      "logged.pub": `${peers}/sigstore-js/key-message/key.pub`,
      "trusted_root.json": `${peers}/instance/trusted_root.json`,
    },
    steps: [
      {
        about: "The log's promise and proof are checked against the trusted root, offline",
        command:
          "chancery verify-blob --offline --trusted-root trusted_root.json --key logged.pub " +
          "--bundle logged.sigstore.json logged.txt",
      },
    ],
  },
  {
    title: "Level 4, keyless",
    promise: "an identity certificate over a one-time key, logged; made by sigstore-js",
    files: {
      "keyless.txt": `${peers}/sigstore-js/message/artifact.txt`,
      "keyless.sigstore.json": `${peers}/sigstore-js/message/bundle.sigstore.json`,
    },
    steps: [
      {
        about: "Every check, and what was compared",
        command:
          "chancery verify-blob --offline --trusted-root trusted_root.json " +
          "--bundle keyless.sigstore.json " +
          `--certificate-identity ${workflow} ` +
          "--certificate-oidc-issuer https://token.actions.githubusercontent.com " +
          "--explain keyless.txt",
      },
      {
        about: "A signature by anybody else is refused",
        command:
          "chancery verify-blob --offline --trusted-root trusted_root.json " +
          "--bundle keyless.sigstore.json --certificate-identity me@example.com " +
          "--certificate-oidc-issuer https://token.actions.githubusercontent.com keyless.txt",
        exit: 1,
      },
    ],
  },
];

/** Shown where the first word of each, if it is a path, exists. */
const next: readonly (readonly [place: string, what: string])[] = [
  ["npx chancery --help", "all commands; each has examples in its own --help"],
  ["README.md", "what it does today, for whom"],
  ["docs/reason-codes.md", "every reason for a refusal, and what to do"],
  ["npm run page -- verify.html", "the same verification as a page without server"],
  ["npm test", "what all this rests on"],
];

const root = fileURLToPath(new URL("..", import.meta.url));
const width = 100;
const folder = mkdtempSync(join(tmpdir(), "chancery-demo-"));
const started = performance.now();
try {
  for (const level of levels) show(level);
} finally {
  rmSync(folder, { recursive: true });
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${paint("bold", "Where to look next")}  ${paint("dim", `after ${seconds} s`)}\n`);
for (const [place, what] of next) {
  if (/^\S+\.md$/.test(place) && !existsSync(join(root, place))) continue;
  console.log(`  ${place}\n      ${paint("dim", what)}`);
}

function show({ title, promise, files, steps }: Level): void {
  console.log(`${paint("bold", title)}: ${promise}\n`);
  for (const [name, path] of Object.entries(files)) {
    copyFileSync(join(root, path), join(folder, name));
  }
  for (const { about, command, instead, exit = 0 } of steps) {
    console.log(`  ${paint("dim", `# ${about}`)}`);
    console.log(`  ${paint("cyan", `$ ${folded(command)}`)}`);
    if (instead) instead(folder);
    else run(command, exit);
    console.log("");
  }
}

/** Runs one of our commands and shows both its streams as they came. */
function run(command: string, expected: number): void {
  const [, ...args] = command.split(" ");
  const transcript = join(folder, ".transcript");
  const output = openSync(transcript, "w");
  const program = join(root, "packages/cli/bin/chancery.js");
  const { status } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    env: environment(),
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const text = readFileSync(transcript, "utf8").trimEnd();
  console.log(text.replaceAll(/^/gm, "  "));
  if (expected !== 0) console.log(paint("dim", `  (exit code ${status})`));
  if (status === expected) return;
  throw new Error(`\`${command}\` ended with ${status}, not ${expected}`);
}

/** This process's own, without settings of Sigstore clients, which would change the answers. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(CHANCERY|COSIGN|SIGSTORE|TUF)_/.test(name),
  );
  const colour = process.stdout.isTTY && !process.env["NO_COLOR"] ? { FORCE_COLOR: "1" } : {};
  return { ...Object.fromEntries(kept), CHANCERY_PASSWORD: password, ...colour };
}

/** A long command over several lines, as a shell takes it. */
function folded(command: string): string {
  if (command.length + 4 <= width) return command;
  const lines: string[] = [];
  for (const part of command.split(/ (?=--)/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 8 <= width)
      lines.push(`${lines.pop()} ${part}`);
    else lines.push(part);
  }
  return lines.join(" \\\n      ");
}

/** Colours on terminals only. */
function paint(style: "bold" | "dim" | "cyan", text: string): string {
  return styleText(style, text, { stream: process.stdout });
}
