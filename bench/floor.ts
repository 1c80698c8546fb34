// SPDX-License-Identifier: Apache-2.0
// What the signatures alone cost that a bundle of the public instance holds.
import { generateKeyPairSync, sign, verify } from "node:crypto";

/**
 * An operation that does the public-key arithmetic of one bundle, with keys already parsed, and
 * nothing else: the certificate is signed with P-384; the SCT, the log's promise, the checkpoint
 * and the artifact with P-256.
 */
export function bundleFloor(): () => void {
  const message = Buffer.alloc(1024, 7);
  const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const p384 = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
  const signature256 = sign("sha256", message, p256.privateKey);
  const signature384 = sign("sha384", message, p384.privateKey);
  return () => {
    let valid = verify("sha384", message, p384.publicKey, signature384);
    for (let index = 0; index < 4; index++) {
      valid = verify("sha256", message, p256.publicKey, signature256) && valid;
    }
    if (!valid) throw new Error("a genuine signature did not verify");
  };
}
