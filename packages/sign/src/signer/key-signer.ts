// SPDX-License-Identifier: Apache-2.0
import {
  type Algorithm,
  algorithmByName,
  algorithmFits,
  defaultAlgorithm,
} from "@chancery/formats/crypto";
import {
  generatePrivateKey,
  type PrivateKey,
  signEd25519TwoPass,
} from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { SignError } from "../errors.ts";
import { checkKeyAllowed } from "../key-file/index.ts";
import { loadPrivateKey } from "../key-store/index.ts";
import { isReadOnce, messageChunks, type MessageSource } from "./message.ts";
import type { Signer, SignerKind } from "./signer.ts";

const oneTimeAlgorithm = algorithmByName("PKIX_ECDSA_P256_SHA_256");
const ed25519ph = algorithmByName("PKIX_ED25519_PH");

/** Keys in files and variables: whatever the key store can load. The last kind that is asked. */
export const keySignerKind: SignerKind = {
  name: "key",
  matches: () => true,
  async open(reference, context) {
    const key = await loadPrivateKey(reference, context);
    const prehash = context.prehashed === true && key.publicKey.type === "ed25519";
    return keySigner(key, context.algorithm ?? (prehash ? ed25519ph : undefined));
  },
};

/**
 * Signs with a private key in memory. Content is read in constant memory, once; with pure Ed25519
 * twice, as the algorithm demands.
 *
 * @param algorithm must go with the key; its default is the key's own (`defaultAlgorithm`), so that
 *   Ed25519 signs purely and RSA with PKCS#1 v1.5.
 * @throws SignError `unsupported-algorithm` where they do not go together; `unsupported-key`
 */
export function keySigner(key: PrivateKey, algorithm?: Algorithm): Signer {
  const { publicKey } = key;
  checkKeyAllowed(publicKey);
  const chosen = algorithm ?? defaultAlgorithm(publicKey);
  if (chosen.verifyOnly || !algorithmFits(chosen, publicKey)) {
    const fitting = defaultAlgorithm(publicKey);
    throw new SignError(
      "unsupported-algorithm",
      `the key cannot sign with ${chosen.flag ?? chosen.name}`,
      `its own algorithm is ${fitting.flag ?? fitting.name}`,
    );
  }
  return {
    publicKey,
    algorithm: chosen,
    async sign(message) {
      const { scheme } = chosen;
      if (message instanceof Uint8Array) return key.sign(scheme, message);
      if (scheme.kind === "ed25519") return signTwice(key, message);
      const signature = key.startSignature(scheme);
      for await (const chunk of messageChunks(message)) signature.update(chunk);
      return signature.finish();
    },
    prove: async (challenge) => key.sign(defaultAlgorithm(publicKey).scheme, challenge),
  };
}

/**
 * A signer with a new key that exists in this process alone, for one certificate.
 * @param algorithm Default: ECDSA on P-256, which every client verifies.
 */
export function oneTimeSigner(algorithm: Algorithm = oneTimeAlgorithm): Signer {
  return keySigner(generatePrivateKey(algorithm), algorithm);
}

async function signTwice(key: PrivateKey, message: MessageSource): Promise<Uint8Array> {
  if (isReadOnce(message)) {
    throw new SignError(
      "unsupported-algorithm",
      "pure Ed25519 reads what it signs twice, and this can be read only once",
      "sign a file, or use the algorithm ed25519-ph",
    );
  }
  try {
    return await signEd25519TwoPass(key, () => messageChunks(message));
  } catch (cause) {
    if (!(cause instanceof FormatError) || cause.code !== "malformed") throw cause;
    const hint = "sign again when nothing writes to it";
    throw new SignError("artifact-changed", cause.message, hint, { cause });
  }
}
