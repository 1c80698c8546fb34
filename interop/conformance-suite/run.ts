// SPDX-License-Identifier: Apache-2.0
// Runs the whole sigstore-conformance suite, signing included, without the public instance:
//
//     node interop/conformance-suite/run.ts CHECKOUT [--skip-signing] [pytest option …]
//
// CHECKOUT is a checkout of github.com/sigstore/sigstore-conformance. What the whole of it said is
// written to RESULTS.md; a part, as options choose it, is shown only. Its tests run as they are, on
// a copy. Three things stand in for the internet: `chancery up` for the instance that is signed at,
// a trusted root that holds the public instance's and ours for the default one, and
// `selftest-client.ts`, which verifies with sigstore-js, for the suite's own client.
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publicGoodRoot } from "../conformance-cases.ts";
import { pytestFor } from "../peers.ts";
import { writeConformanceResults } from "../results.ts";
import { run } from "../run-peer.ts";
import { signInAs } from "../sign-in.ts";
import { LogServer } from "../log-server.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const client = fileURLToPath(new URL("../conformance-client", import.meta.url));
const suiteTimeoutMs = 1_200_000;
const email = "conformance@example.com";

const [checkout, ...options] = process.argv.slice(2);
if (checkout === undefined) {
  console.error("usage: node interop/conformance-suite/run.ts CHECKOUT [pytest option …]");
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), "chancery-conformance-"));
  const server = new LogServer(join(folder, "stack"), { dev: true });
  try {
    await server.start();
    process.exitCode = await runSuite(checkout, options, folder, server);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

async function runSuite(
  source: string,
  args: readonly string[],
  folder: string,
  server: LogServer,
): Promise<number> {
  const suite = join(folder, "suite");
  mkdirSync(suite);
  for (const part of ["test", "pyproject.toml"]) {
    cpSync(join(source, part), join(suite, part), { recursive: true });
  }
  writeFileSync(
    join(suite, "selftest-client"),
    `#!/bin/sh\nexec ${process.execPath} ${join(here, "selftest-client.ts")} "$@"\n`,
  );
  chmodSync(join(suite, "selftest-client"), 0o755);
  const token = join(folder, "token.txt");
  writeFileSync(token, await signInAs(server.issuer, email), { mode: 0o600 });
  const root = join(folder, "merged_root.json");
  writeFileSync(root, mergedRoot(server.trustedRoot));
  // With a space after --entrypoint, pytest takes the path for the root of its tests.
  const command = ["-p", "offline_token", `--entrypoint=${client}`, ...args];
  const { status, stdout, stderr } = run(
    pytestFor("conformance-suite"),
    [...command, "--tb=short", "-q", "test"],
    {
      cwd: suite,
      timeoutMs: suiteTimeoutMs,
      env: {
        PYTHONPATH: here,
        PYTHONDONTWRITEBYTECODE: "1",
        XDG_CACHE_HOME: join(folder, "cache"),
        CHANCERY_CONFORMANCE_TOKEN_FILE: token,
        CHANCERY_CONFORMANCE_TRUSTED_ROOT: root,
        CHANCERY_CONFORMANCE_SIGNING_CONFIG: server.signingConfig,
        CHANCERY_CONFORMANCE_STACK_ROOT: server.trustedRoot,
      },
    },
  );
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  const [counts] = /\d+ (passed|failed)[^\n]* in (?=[\d.]+s)/.exec(stdout) ?? [];
  if (args.length === 0 && counts !== undefined) writeConformanceResults(report(source, counts));
  return status;
}

/** @param counts as pytest says them, and " in " */
function report(source: string, counts: string): string {
  const { status, stdout } = run("git", ["-C", source, "rev-parse", "--short", "HEAD"]);
  const revision = status === 0 ? stdout.trim() : "unknown";
  const [day] = new Date().toISOString().split("T");
  return `sigstore-conformance (revision ${revision}), unchanged, on ${day}, by
\`node interop/conformance-suite/run.ts CHECKOUT\`: **${counts.replace(/ in $/, "")}**.

All bundles to verify are verified by path and by digest. The signing tests sign at \`chancery up\`,
and their bundles are verified by our client and by sigstore-js. Where one is skipped it is
\`test_verify_cpython_release_bundles\`, which wants a checkout of the bundles of all CPython
releases beside the suite. Where the suite cannot be had, \`interop/conformance.test.ts\` puts the
same cases to the same client, and \`interop/conformance-signing.test.ts\` does as the signing tests.
`;
}

/** The public instance and ours in one: staging is not in it, and some cases are to notice. */
function mergedRoot(ours: string): string {
  const path = publicGoodRoot();
  if (path === undefined) throw new Error("the public trusted root is not at ../shared/vectors");
  const root = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const own = JSON.parse(readFileSync(ours, "utf8")) as Record<string, unknown>;
  for (const list of ["tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"]) {
    root[list] = [...((root[list] ?? []) as unknown[]), ...((own[list] ?? []) as unknown[])];
  }
  return JSON.stringify(root);
}
