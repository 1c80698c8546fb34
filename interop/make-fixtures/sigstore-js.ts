// SPDX-License-Identifier: Apache-2.0
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import type { MockInstance } from "../mock-instance.ts";
import { peer } from "../peers.ts";
import { sigstoreJs, type SignerOfJs, type Witness } from "../sigstore-js.ts";
import { FixtureMaker, type Workshop } from "./case.ts";
import { artifactText, identity, issuer, keyRecipes, statement } from "./common.ts";

const payloadType = "application/vnd.in-toto+json";
const described = {
  bundle: "bundle.sigstore.json",
  artifact: "artifact.txt",
  trustedRoot: "../../instance/trusted_root.json",
};

/** Bundles of sigstore-js against a mock instance, with certificates and with a key. */
export async function makeJavascriptFixtures(instance: MockInstance): Promise<void> {
  const { sign: js } = sigstoreJs();
  const { version } = peer("sigstore-js");
  const maker = new FixtureMaker("sigstore-js", version);
  const fulcio = new js.FulcioSigner({
    fulcioBaseURL: instance.url,
    identityProvider: { getToken: async () => instance.identityToken(identity, issuer) },
  });
  const rekor = (entryType: "dsse" | "intoto"): Witness =>
    new js.RekorWitness({ rekorBaseURL: instance.url, entryType });
  const timestamps = new js.TSAWitness({ tsaBaseURL: instance.url });
  const certified = { ...described, identity, issuer };

  for (const withTimestamp of [false, true]) {
    const suffix = withTimestamp ? "-timestamp" : "";
    const more = withTimestamp ? " and a timestamp" : "";
    const witnesses = (entry: "dsse" | "intoto"): Witness[] =>
      withTimestamp ? [rekor(entry), timestamps] : [rekor(entry)];
    await maker.make(
      `message${suffix}`,
      { what: `A file signed with a certificate, logged as hashedrekord${more}.`, ...certified },
      (to) => signMessage(to, fulcio, witnesses("dsse")),
    );
    for (const entry of ["dsse", "intoto"] as const) {
      await maker.make(
        `${entry}${suffix}`,
        { what: `An attestation with a certificate, logged as ${entry}${more}.`, ...certified },
        (to) => signStatement(to, fulcio, witnesses(entry), false),
      );
    }
  }
  await maker.make(
    "dsse-chain",
    { what: "An attestation in a v0.2 bundle with a chain of certificates.", ...certified },
    (to) => signStatement(to, fulcio, [rekor("dsse")], true),
  );
  await makeKeySigned(maker, rekor("dsse"));
  maker.finish("Made through the classes of `@sigstore/sign`, against `interop/mock-instance.ts`.");
}

async function makeKeySigned(maker: FixtureMaker, witness: Witness): Promise<void> {
  for (const kind of ["message", "dsse"] as const) {
    await maker.make(
      `key-${kind}`,
      { what: `A P-256 key's ${kind}, logged.`, ...described, publicKey: "key.pub" },
      async (to) => {
        const recipe = keyRecipes[0]?.openssl ?? [];
        await to.run(peer("openssl").path, [...recipe, "-out", "key.pem"]);
        const key = createPrivateKey(to.read("key.pem"));
        to.write("key.pub", createPublicKey(key).export({ type: "spki", format: "pem" }));
        const signer = keySigner(key);
        if (kind === "message") await signMessage(to, signer, [witness]);
        else await signStatement(to, signer, [witness], false);
      },
    );
  }
}

/** What an application gives to sigstore-js to sign with a key of its own. */
function keySigner(key: KeyObject): SignerOfJs {
  const publicKey = createPublicKey(key);
  const der = publicKey.export({ type: "spki", format: "der" });
  const hint = createHash("sha256").update(der).digest("base64");
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  return {
    sign: async (data) => ({
      signature: sign("sha256", data, key),
      key: { $case: "publicKey", publicKey: pem, hint },
    }),
  };
}

async function signMessage(to: Workshop, signer: SignerOfJs, witnesses: Witness[]): Promise<void> {
  const { bundle, sign: js } = sigstoreJs();
  to.note("new MessageSignatureBundleBuilder({ signer, witnesses }).create({ data })");
  to.write("artifact.txt", artifactText);
  const builder = new js.MessageSignatureBundleBuilder({ signer, witnesses });
  const made = await builder.create({ data: Buffer.from(artifactText) });
  to.write("bundle.sigstore.json", JSON.stringify(bundle.bundleToJSON(made)));
}

async function signStatement(
  to: Workshop,
  signer: SignerOfJs,
  witnesses: Witness[],
  certificateChain: boolean,
): Promise<void> {
  const { bundle, sign: js } = sigstoreJs();
  to.note(`new DSSEBundleBuilder({ signer, witnesses, certificateChain: ${certificateChain} })`);
  to.note(`  .create({ data, type: "${payloadType}" })`);
  to.write("artifact.txt", artifactText);
  const builder = new js.DSSEBundleBuilder({ signer, witnesses, certificateChain });
  const made = await builder.create({ data: Buffer.from(statement), type: payloadType });
  to.write("bundle.sigstore.json", JSON.stringify(bundle.bundleToJSON(made)));
}
