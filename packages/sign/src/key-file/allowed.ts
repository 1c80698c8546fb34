// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from "@chancery/formats/crypto";
import { SignError } from "../errors.ts";

const rsaBits: readonly number[] = [2048, 3072, 4096];

/**
 * Refuses keys that cosign and the signing algorithm registry do not sign with: of RSA, all but
 * 2048, 3072 and 4096 bits. (Other curves and key types are not even read.)
 * @throws SignError `unsupported-key`
 */
export function checkKeyAllowed(key: PublicKey): void {
  if (key.type !== "rsa" || rsaBits.includes(key.modulusBits)) return;
  throw new SignError(
    "unsupported-key",
    `an RSA key of ${key.modulusBits} bits cannot be used for signing`,
    `use an RSA key of ${rsaBits.join(", ")} bits, an ECDSA or an Ed25519 key`,
  );
}
