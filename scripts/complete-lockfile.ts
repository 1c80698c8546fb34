// SPDX-License-Identifier: Apache-2.0
// npm leaves an optional platform package out of the lockfile when the registry in use does not
// carry it, and `npm ci` then refuses that lockfile. This names every such package at the version
// its parent pins, with the platform read from its name, so that the lockfile is the same wherever
// it is made. Run it after changing dependencies: `npm install && npm run lockfile`.
import { readFileSync, writeFileSync } from "node:fs";

interface LockEntry {
  version?: string;
  cpu?: string[];
  os?: string[];
  libc?: string[];
  dev?: boolean;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

const OS = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const CPU = [
  "arm",
  "arm64",
  "ia32",
  "loong64",
  "mips64el",
  "ppc64",
  "riscv64",
  "s390x",
  "wasm32",
  "x64",
];

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, LockEntry> };

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  if (!path.startsWith("node_modules/")) continue;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`])
      continue;
    const platform = platformOf(name);
    if (!platform || !/^\d/.test(version))
      throw new Error(`${path}: cannot place ${name}@${version}`);
    const dev: LockEntry = entry.dev ? { dev: true } : {};
    lock.packages[`node_modules/${name}`] = { version, ...platform, ...dev, optional: true };
    added += 1;
  }
}
const [root, ...rest] = Object.entries(lock.packages);
const sorted = rest.sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(root ? [root, ...sorted] : sorted);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} platform packages added`);

/** The platform a binding's name speaks of (`…-linux-arm64-musl`), or undefined. */
function platformOf(name: string): LockEntry | undefined {
  const parts = name.split(/[/-]/);
  const os = OS.find((value) => parts.includes(value));
  const cpu = CPU.find((value) => parts.includes(value));
  if (!cpu || (!os && cpu !== "wasm32")) return undefined;
  const libc = { gnu: ["glibc"], musl: ["musl"] }[/gnu|musl/.exec(name)?.[0] ?? ""];
  return { cpu: [cpu], ...(os ? { os: [os] } : {}), ...(libc ? { libc } : {}) };
}
