// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { decodeSpki, digestPath, hash, verifyDigest } from "@chancery/formats/crypto";
import { nobleEcdsaDigest } from "../packages/formats/src/crypto/noble.ts";
import { type Bench, type Figure, lessIsBetter, round } from "./bench.ts";
import { measure } from "./measure.ts";

const curves = [
  { name: "p256", curve: "prime256v1", hashName: "sha256" },
  { name: "p384", curve: "secp384r1", hashName: "sha384" },
] as const;

/** ECDSA over a digest, for which Node has no function: what each way costs. */
export const digestBench: Bench = {
  name: "digest",
  what: "ECDSA verification over a digest: the way in use, the pure-JavaScript way, a plain verify",
  run: () => curves.flatMap(compare),
};

function compare({ name, curve, hashName }: (typeof curves)[number]): Figure[] {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: curve });
  const message = Buffer.alloc(64, 7);
  const signature = sign(hashName, message, privateKey);
  const digest = hash(hashName, message);
  const key = decodeSpki(publicKey.export({ type: "spki", format: "der" }));
  if (key.type !== "ec") throw new Error("not an EC key");
  const scheme = { kind: "ecdsa", hash: hashName } as const;
  const must = (valid: boolean): void => {
    if (!valid) throw new Error("a genuine signature did not verify");
  };
  const { ours, noble, plain } = measure({
    ours: () => must(verifyDigest(key, scheme, digest, signature)),
    noble: () => must(nobleEcdsaDigest(key, digest, signature)),
    plain: () => must(verify(hashName, message, publicKey, signature)),
  });
  const figure = { unit: "us", ours: round(ours.best), median: round(ours.median) };
  const note = `path in use: ${digestPath(key)}`;
  const bench = `digest/${name}`;
  return [
    lessIsBetter({ ...figure, bench, peer: round(noble.best), peer_name: "@noble/curves", note }),
    lessIsBetter({
      ...figure,
      bench: `${bench}/floor`,
      peer: round(plain.best),
      peer_name: "crypto.verify of the message, key parsed before",
    }),
  ];
}
