// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MockInstance } from "../mock-instance.ts";
import { peer } from "../peers.ts";
import { FixtureMaker, type Workshop } from "./case.ts";
import { artifactText, identity, issuer, keyRecipes, predicate } from "./common.ts";

const password = "chancery-fixture";
const env = { COSIGN_PASSWORD: password };
const withoutLog = ["--use-signing-config=false", "--tlog-upload=false", "--yes"];

/** Keys, bundles and detached signatures of cosign, with keys and against a mock instance. */
export async function makeCosignFixtures(instance: MockInstance): Promise<void> {
  const { path: cosign, version } = peer("cosign");
  const maker = new FixtureMaker("cosign", version);
  await makeOwnKey(maker, cosign);
  for (const recipe of keyRecipes) {
    const what = `A ${recipe.name} key made by OpenSSL, imported, and a file signed with it.`;
    const key = { publicKey: "import.pub", privateKey: "import.key", password };
    const signed = { bundle: "bundle.sigstore.json", artifact: "artifact.txt", withoutLog: true };
    const more = { signature: "artifact.sig", algorithm: recipe.name };
    await maker.make(`import-${recipe.name}`, { what, ...key, ...signed, ...more }, async (to) => {
      await to.run(peer("openssl").path, [...recipe.openssl, "-out", "openssl.pem"]);
      const prefix = ["--output-key-prefix", "import"];
      await to.run(cosign, ["import-key-pair", "--key", "openssl.pem", ...prefix], { env });
      await signBlob(to, cosign, "import.key");
      await signBlobLegacy(to, cosign, "import.key");
    });
  }
  await makeKeyless(maker, cosign, instance);
  maker.finish(
    `Every private key here was made for this and protects nothing; its password is \`${password}\`.`,
  );
}

async function makeOwnKey(maker: FixtureMaker, cosign: string): Promise<void> {
  const key = { publicKey: "cosign.pub", privateKey: "cosign.key", password };
  const signed = { artifact: "artifact.txt", withoutLog: true };
  const bundle = "bundle.sigstore.json";
  const generate = async (to: Workshop): Promise<void> => {
    await to.run(cosign, ["generate-key-pair"], { env });
  };
  await maker.make(
    "key-blob",
    { what: "A file signed with a key, without a log.", ...key, ...signed, bundle },
    async (to) => {
      await generate(to);
      await signBlob(to, cosign, "cosign.key");
    },
  );
  await maker.make(
    "key-blob-legacy",
    {
      what: "The same in the formats before v3: a base64 signature and a JSON of its own.",
      ...key,
      ...signed,
      signature: "artifact.sig",
      legacyBundle: "artifact.bundle",
    },
    async (to) => {
      await generate(to);
      await signBlobLegacy(to, cosign, "cosign.key");
    },
  );
  await maker.make(
    "key-attestation",
    { what: "An attestation about a file, with a key, without a log.", ...key, ...signed, bundle },
    async (to) => {
      await generate(to);
      to.write("artifact.txt", artifactText);
      to.write("predicate.json", predicate);
      const about = ["--predicate", "predicate.json", "--type", "slsaprovenance1"];
      const how = ["--key", "cosign.key", ...withoutLog, "--bundle", bundle];
      await to.run(cosign, ["attest-blob", ...how, ...about, "artifact.txt"], { env });
    },
  );
}

async function makeKeyless(
  maker: FixtureMaker,
  cosign: string,
  instance: MockInstance,
): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "chancery-fixtures-"));
  const config = (timestamps: boolean): string => {
    const path = join(scratch, timestamps ? "with-timestamps.json" : "without-timestamps.json");
    writeFileSync(path, JSON.stringify(instance.signingConfig(timestamps)));
    return path;
  };
  const described = {
    bundle: "bundle.sigstore.json",
    artifact: "artifact.txt",
    trustedRoot: "../../instance/trusted_root.json",
    identity,
    issuer,
  };
  const token = instance.identityToken(identity, issuer);
  const hide = { [token]: "TOKEN", [scratch]: "." };
  for (const timestamps of [false, true]) {
    const suffix = timestamps ? "-timestamp" : "";
    const more = timestamps ? " and a timestamp of `openssl ts`" : "";
    const how = ["--signing-config", config(timestamps), "--identity-token", token, "--yes"];
    const out = ["--bundle", described.bundle];
    await maker.make(
      `keyless-blob${suffix}`,
      { what: `A file signed with a certificate, logged${more}.`, ...described },
      async (to) => {
        to.write("artifact.txt", artifactText);
        await to.run(cosign, ["sign-blob", ...how, ...out, "artifact.txt"], { hide });
      },
    );
    await maker.make(
      `keyless-attestation${suffix}`,
      { what: `An attestation with a certificate, logged${more}.`, ...described },
      async (to) => {
        to.write("artifact.txt", artifactText);
        to.write("predicate.json", predicate);
        const about = ["--predicate", "predicate.json", "--type", "https://example.com/review/v1"];
        await to.run(cosign, ["attest-blob", ...how, ...out, ...about, "artifact.txt"], { hide });
      },
    );
  }
  rmSync(scratch, { recursive: true, force: true });
}

async function signBlob(to: Workshop, cosign: string, key: string): Promise<void> {
  to.write("artifact.txt", artifactText);
  const out = ["--bundle", "bundle.sigstore.json"];
  await to.run(cosign, ["sign-blob", "--key", key, ...withoutLog, ...out, "artifact.txt"], { env });
}

async function signBlobLegacy(to: Workshop, cosign: string, key: string): Promise<void> {
  to.write("artifact.txt", artifactText);
  const how = ["--key", key, "--new-bundle-format=false", ...withoutLog];
  const out = ["--output-signature", "artifact.sig", "--bundle", "artifact.bundle"];
  await to.run(cosign, ["sign-blob", ...how, ...out, "artifact.txt"], { env });
}
