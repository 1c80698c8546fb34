// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MockInstance } from "../mock-instance.ts";
import { peer } from "../peers.ts";
import { FixtureMaker } from "./case.ts";
import { artifactText, identity, issuer, predicate } from "./common.ts";

/** Bundles of sigstore-python against a mock instance. */
export async function makePythonFixtures(instance: MockInstance): Promise<void> {
  const { path: sigstore, version } = peer("sigstore-python");
  const maker = new FixtureMaker("sigstore-python", version);
  const scratch = mkdtempSync(join(tmpdir(), "chancery-fixtures-"));
  const token = instance.identityToken(identity, issuer);
  const hide = { [token]: "TOKEN", [scratch]: "." };
  const described = {
    bundle: "bundle.sigstore.json",
    artifact: "artifact.txt",
    trustedRoot: "../../instance/trusted_root.json",
    identity,
    issuer,
  };
  for (const timestamps of [false, true]) {
    const config = join(scratch, timestamps ? "with-timestamps.json" : "without-timestamps.json");
    const trustConfig = {
      mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
      trustedRoot: instance.trustedRoot,
      signingConfig: instance.signingConfig(timestamps),
    };
    writeFileSync(config, JSON.stringify(trustConfig));
    const suffix = timestamps ? "-timestamp" : "";
    const more = timestamps ? " and a timestamp of `openssl ts`" : "";
    const global = ["--trust-config", config];
    const how = ["--identity-token", token, "--bundle", described.bundle];
    await maker.make(
      `message${suffix}`,
      { what: `A file signed with a certificate, logged${more}.`, ...described },
      async (to) => {
        to.write("artifact.txt", artifactText);
        await to.run(sigstore, [...global, "sign", ...how, "artifact.txt"], { hide });
      },
    );
    await maker.make(
      `attestation${suffix}`,
      { what: `An attestation with a certificate, logged${more}.`, ...described },
      async (to) => {
        to.write("artifact.txt", artifactText);
        to.write("predicate.json", predicate);
        const type = ["--predicate-type", "https://slsa.dev/provenance/v1"];
        const about = ["--predicate", "predicate.json", ...type];
        await to.run(sigstore, [...global, "attest", ...how, ...about, "artifact.txt"], { hide });
      },
    );
  }
  rmSync(scratch, { recursive: true, force: true });
  maker.finish("Made against `interop/mock-instance.ts`.");
}
