// SPDX-License-Identifier: Apache-2.0
// Stands in for the client with which sigstore-conformance checks what a client signed: verifies
// with sigstore-js, which shares no code with ours, and "updates the trust root" from our stack.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { askJavascript } from "../verifiers.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bundle: { type: "string" },
    "certificate-identity": { type: "string" },
    "certificate-oidc-issuer": { type: "string" },
    "signing-config": { type: "string" },
    staging: { type: "boolean" },
    "trusted-root": { type: "string" },
  },
});
const [command, artifact = ""] = positionals;

if (command === "update-trust-root") {
  const mirror =
    values.staging === true ? "tuf-repo-cdn.sigstage.dev" : "tuf-repo-cdn.sigstore.dev";
  const folder = join(variable("XDG_CACHE_HOME"), "sigstore-python/tuf", `https%3A%2F%2F${mirror}`);
  mkdirSync(folder, { recursive: true });
  const root = variable("CHANCERY_CONFORMANCE_STACK_ROOT");
  const config = variable("CHANCERY_CONFORMANCE_SIGNING_CONFIG");
  copyFileSync(root, join(folder, "trusted_root.json"));
  copyFileSync(config, join(folder, "signing_config.v0.2.json"));
} else if (command === "verify-bundle") {
  const answer = askJavascript({
    bundle: values.bundle ?? "",
    artifact,
    trustedRoot: values["trusted-root"] ?? variable("CHANCERY_CONFORMANCE_TRUSTED_ROOT"),
    signer: {
      kind: "identity",
      identity: values["certificate-identity"] ?? "",
      issuer: values["certificate-oidc-issuer"] ?? "",
    },
  });
  if (answer?.accepted !== true) {
    console.error(answer?.words ?? "sigstore-js verifies files only");
    process.exitCode = 1;
  }
} else {
  console.error(`unknown command ${command ?? ""}`);
  process.exitCode = 2;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
