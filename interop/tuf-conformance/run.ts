// SPDX-License-Identifier: Apache-2.0
// Runs the whole tuf-conformance suite against our TUF client:
//
//     node interop/tuf-conformance/run.ts CHECKOUT [pytest option …]
//
// CHECKOUT is a checkout of github.com/theupdateframework/tuf-conformance; its tests run as they
// are, offline. One of them sets the clock: without `faketime` on the PATH (Debian package
// faketime) it fails.
import { fileURLToPath } from "node:url";
import { pytestFor } from "../peers.ts";
import { run } from "../run-peer.ts";

const client = fileURLToPath(new URL("../tuf-conformance-client", import.meta.url));
const suiteTimeoutMs = 1_200_000;

const [checkout, ...options] = process.argv.slice(2);
if (checkout === undefined) {
  console.error("usage: node interop/tuf-conformance/run.ts CHECKOUT [pytest option …]");
  process.exitCode = 2;
} else {
  // With a space after --entrypoint, pytest takes the path for the root of its tests.
  const command = [`--entrypoint=${client}`, "--tb=short", "-q", ...options, "tuf_conformance"];
  const { status, stdout, stderr } = run(pytestFor("tuf-conformance"), command, {
    cwd: checkout,
    timeoutMs: suiteTimeoutMs,
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = status;
}
