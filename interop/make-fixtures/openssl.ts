// SPDX-License-Identifier: Apache-2.0
import { peer } from "../peers.ts";
import { FixtureMaker } from "./case.ts";
import { artifactText, keyRecipes } from "./common.ts";

const hashes: Readonly<Record<string, string>> = { p384: "sha384", p521: "sha512" };
const pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];

/** Raw detached signatures of OpenSSL, one of each kind. */
export async function makeOpensslFixtures(): Promise<void> {
  const { path: openssl, version } = peer("openssl");
  const maker = new FixtureMaker("openssl", version);
  for (const { name, openssl: generate } of keyRecipes) {
    const variants = name.startsWith("rsa") ? ["pkcs1", "pss"] : [""];
    for (const variant of variants) {
      const hash = hashes[name] ?? "sha256";
      const algorithm = [name, variant].filter((part) => part !== "").join("-");
      const about = { artifact: "artifact.txt", signature: "artifact.sig", publicKey: "key.pub" };
      const what =
        name === "ed25519" ? "`pkeyutl` with Ed25519." : `\`dgst\` with ${algorithm} and ${hash}.`;
      await maker.make(algorithm, { what, algorithm, ...about }, async (to) => {
        to.write("artifact.txt", artifactText);
        await to.run(openssl, [...generate, "-out", "key.pem"]);
        await to.run(openssl, ["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
        const out = ["-out", "artifact.sig"];
        if (name === "ed25519") {
          const input = ["-rawin", "-in", "artifact.txt"];
          await to.run(openssl, ["pkeyutl", "-sign", "-inkey", "key.pem", ...input, ...out]);
        } else {
          const options = variant === "pss" ? pss : [];
          const sign = ["dgst", `-${hash}`, "-sign", "key.pem", ...options, ...out];
          await to.run(openssl, [...sign, "artifact.txt"]);
        }
      });
    }
  }
  maker.finish("Every private key here was made for this and protects nothing.");
}
