// SPDX-License-Identifier: Apache-2.0
// The other implementations that ours is tried against, each at one version, installed once into a
// cache outside the tree. `node interop/peers.ts` installs what is missing and prints the versions.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { must, run } from "./run-peer.ts";

const cosignVersion = "v3.1.3";
const cosignModule = "github.com/sigstore/cosign/v3/cmd/cosign";
const cosign2Version = "v2.6.5";
const cosign2Module = "github.com/sigstore/cosign/v2/cmd/cosign";
const rekorCliVersion = "v1.5.4"; // the last that Go 1.26.8 builds
const rekorCliModule = "github.com/sigstore/rekor/cmd/rekor-cli";
const sigstoreGoVersion = "v1.3.0"; // the last that Go 1.26.8 builds
const sigstoreGoModule = "github.com/sigstore/sigstore-go";
const ctclientVersion = "v1.4.0";
const ctclientModule = "github.com/google/certificate-transparency-go/client/ctclient";
const pythonVersion = "4.5.1";
const schemathesisVersion = "4.32.5";
const javascriptVersion = "5.0.1";
const javaVersion = "2.0.0"; // the newest that is on Maven Central
const mavenDependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
const pytestVersion = "9.1.1";
const installTimeoutMs = 900_000;

const here = fileURLToPath(new URL(".", import.meta.url));
const cache = process.env["CHANCERY_PEERS"] ?? join(homedir(), ".cache/chancery-peers");

/** A peer: what it is called, what it is at, and how to bring it here. */
export interface Peer {
  readonly name: PeerName;
  /**
   * The program; for libraries a folder: with `node_modules` of `sigstore-js`, with the programs of
   * `sigstore-go`, with the folders `lib` and `classes` of `sigstore-java`.
   */
  readonly path: string;
  readonly version: string;
}

export const peerNames = [
  "cosign",
  "cosign-2",
  "rekor-cli",
  "sigstore-python",
  "sigstore-js",
  "sigstore-go",
  "ctclient",
  "sigstore-java",
  "schemathesis",
  "openssl",
  "ssh-keygen",
  "gpg",
  "minisign",
] as const;
export type PeerName = (typeof peerNames)[number];

const found = new Map<PeerName, Peer>();

/**
 * A peer, installed on first use.
 * @throws Error with one line that says what is missing
 */
export function peer(name: PeerName): Peer {
  const known = found.get(name);
  if (known !== undefined) return known;
  const made = { name, ...finders[name]() };
  found.set(name, made);
  return made;
}

/** All peers. @throws Error as {@link peer} */
export function allPeers(): Peer[] {
  return peerNames.map(peer);
}

/** pytest with what a suite of tests imports, by the folder of its pins beside this file. */
export function pytestFor(suite: "conformance-suite" | "tuf-conformance"): string {
  return findPython(suite, pytestVersion, "pytest").path;
}

type Found = Omit<Peer, "name">;

const finders: Record<PeerName, () => Found> = {
  cosign: () => findGo("cosign", cosignModule, cosignVersion),
  "cosign-2": () => findGo("cosign", cosign2Module, cosign2Version),
  "rekor-cli": () => findGo("rekor-cli", rekorCliModule, rekorCliVersion),
  "sigstore-python": () => findPython("sigstore-python", pythonVersion, "sigstore"),
  "sigstore-js": findJavascript,
  "sigstore-go": findSigstoreGo,
  "sigstore-java": findSigstoreJava,
  ctclient: findCtclient,
  schemathesis: () => findPython("schemathesis", schemathesisVersion, "schemathesis"),
  openssl: () => findSystem("openssl", "openssl", ["version"], /OpenSSL (\S+)/),
  "ssh-keygen": () => findSystem("ssh-keygen", "openssh-client", undefined, /.*/),
  gpg: () => findSystem("gpg", "gpg", ["--version"], /\(GnuPG\) (\S+)/),
  minisign: () => findSystem("minisign", "minisign", ["-v"], /minisign (\S+)/),
};

/** Both of Go's commands say their version alike. */
function findGo(program: string, module: string, version: string): Found {
  const folder = join(cache, `${program}-${version}`, "bin");
  const path = installGo(folder, program, `${module}@${version}`);
  return { path, version: reported(path, ["version"], /GitVersion:\s+v(\S+)/, version) };
}

/** A library; what is driven are the programs with which it shows its use. */
function findSigstoreGo(): Found {
  const path = join(cache, `sigstore-go-${sigstoreGoVersion}`);
  for (const example of ["signing", "verification"]) {
    const program = `sigstore-go-${example}`;
    installGo(path, program, `${sigstoreGoModule}/examples/${program}@${sigstoreGoVersion}`);
  }
  return { path, version: sigstoreGoVersion.slice(1) };
}

/** It says no version: the folder does. */
function findCtclient(): Found {
  const folder = join(cache, `ctclient-${ctclientVersion}`, "bin");
  const path = installGo(folder, "ctclient", `${ctclientModule}@${ctclientVersion}`);
  return { path, version: ctclientVersion.slice(1) };
}

/** @returns the program's path */
function installGo(folder: string, program: string, source: string): string {
  const path = join(folder, program);
  if (existsSync(path)) return path;
  if (!onPath("go")) throw new Error(`${program}: Go is needed to build it`);
  mkdirSync(folder, { recursive: true });
  must("go", ["install", source], {
    env: { GOBIN: folder, GOFLAGS: "-trimpath", CGO_ENABLED: "0" },
    timeoutMs: installTimeoutMs,
  });
  return path;
}

/** Programs from PyPI, each in an environment of its own. @param name of the folder of its pins */
function findPython(name: string, pinned: string, program: string): Found {
  const folder = join(cache, `${name}-${pinned}`);
  const path = join(folder, "bin", program);
  const pins = ["requirements.txt", "constraints.txt"].map((file) => join(here, name, file));
  installOnce(folder, pins, () => {
    if (!onPath("python3")) throw new Error(`${name}: python3 is needed`);
    must("python3", ["-m", "venv", folder], { timeoutMs: installTimeoutMs });
    const [requirements = "", constraints = ""] = pins;
    const args = ["install", "--quiet", "--disable-pip-version-check"];
    must(join(folder, "bin/pip"), [...args, "-r", requirements, "-c", constraints], {
      timeoutMs: installTimeoutMs,
    });
  });
  const pattern = new RegExp(`${program}(?:, version)? (\\S+)`);
  return { path, version: reported(path, ["--version"], pattern, pinned) };
}

function findJavascript(): Found {
  const path = join(cache, `sigstore-js-${javascriptVersion}`);
  const pins = ["package.json", "package-lock.json"].map((file) => join(here, "sigstore-js", file));
  installOnce(path, pins, () => {
    for (const pin of pins) copyFileSync(pin, join(path, pin.slice(pin.lastIndexOf("/") + 1)));
    must("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: path,
      timeoutMs: installTimeoutMs,
    });
  });
  const manifest = readFileSync(join(path, "node_modules/sigstore/package.json"), "utf8");
  return { path, version: (JSON.parse(manifest) as { version: string }).version };
}

/** A library, and a program for it of ours. */
function findSigstoreJava(): Found {
  const path = join(cache, `sigstore-java-${javaVersion}`);
  const pins = ["pom.xml", "SigstoreJava.java"].map((file) => join(here, "sigstore-java", file));
  installOnce(path, pins, () => {
    if (!onPath("mvn") || !onPath("javac"))
      throw new Error("sigstore-java: Maven and a JDK needed");
    const [pom = "", program = ""] = pins;
    const lib = join(path, "lib");
    const copy = [`${mavenDependencyPlugin}:copy-dependencies`, `-DoutputDirectory=${lib}`];
    must("mvn", ["--quiet", "--batch-mode", "--file", pom, ...copy], {
      timeoutMs: installTimeoutMs,
    });
    must("javac", ["-cp", join(lib, "*"), "-d", join(path, "classes"), program]);
  });
  if (!existsSync(join(path, "lib", `sigstore-java-${javaVersion}.jar`))) {
    throw new Error(`sigstore-java: ${path} holds another version; remove it`);
  }
  return { path, version: javaVersion };
}

function findSystem(
  program: string,
  debianPackage: string,
  versionArgs: readonly string[] | undefined,
  pattern: RegExp,
): Found {
  if (!onPath(program)) {
    const root = process.getuid?.() === 0 && onPath("apt-get");
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    const args = ["install", "-y", "-qq", "--no-install-recommends", debianPackage];
    if (!root || run("apt-get", args, { env, timeoutMs: installTimeoutMs }).status !== 0) {
      throw new Error(`${program}: not installed (Debian package ${debianPackage})`);
    }
  }
  if (versionArgs !== undefined) {
    return { path: program, version: reported(program, versionArgs, pattern, "") };
  }
  return { path: program, version: reported("ssh", ["-V"], /OpenSSH_([^\s,]+)/, "") };
}

/**
 * Runs an installation unless the folder holds one made from the same pins. An interrupted one has
 * no stamp and is made again.
 */
function installOnce(folder: string, pins: readonly string[], install: () => void): void {
  const digest = createHash("sha256");
  for (const pin of pins) digest.update(readFileSync(pin));
  const wanted = digest.digest("hex");
  const stamp = join(folder, ".complete");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  install();
  writeFileSync(`${stamp}.new`, wanted);
  renameSync(`${stamp}.new`, stamp);
}

/** The version that a program says it has. @throws Error when it is not the pinned one */
function reported(
  program: string,
  args: readonly string[],
  pattern: RegExp,
  pinned: string,
): string {
  const { stdout, stderr } = run(program, args);
  const version = pattern.exec(`${stdout}\n${stderr}`)?.[1] ?? "unknown";
  if (pinned !== "" && version !== pinned.replace(/^v/, "")) {
    throw new Error(`${program}: says it is ${version}, not ${pinned}; remove it from the cache`);
  }
  return version;
}

function onPath(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

if (import.meta.main) {
  try {
    for (const { name, version } of allPeers()) console.log(`${name.padEnd(16)} ${version}`);
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : cause);
    process.exitCode = 1;
  }
}
