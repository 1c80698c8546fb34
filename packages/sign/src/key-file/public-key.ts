// SPDX-License-Identifier: Apache-2.0
import { decodePublicKeyPem, type PublicKey } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { SignError } from "../errors.ts";
import { decodeOpensshPublicKey, isOpensshPublicKey } from "./openssh-public.ts";

/** What is often given in the place of a public key, and what to do. */
const mistaken: readonly (readonly [pattern: RegExp, name: string, hint: string])[] = [
  [
    /^-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/m,
    "a certificate",
    "take its key out: openssl x509 -in CERT -noout -pubkey",
  ],
  [
    /^-----BEGIN .*PRIVATE KEY-----/m,
    "a private key",
    "verification needs its public half: chancery public-key --key KEY",
  ],
  [/^---- BEGIN SSH2 PUBLIC KEY/m, "an RFC 4716 key", "convert it: ssh-keygen -i -f KEY"],
];

/**
 * Reads the file of a public key: one PEM block, `PUBLIC KEY` (SPKI) or `RSA PUBLIC KEY` (PKCS#1),
 * or the line of an OpenSSH `.pub` file. Not a certificate: a key taken out of one silently would
 * come without its dates, its issuer and its identity.
 *
 * @throws SignError `unsupported-key` | `malformed-key`
 */
export function readPublicKey(text: string): PublicKey {
  for (const [pattern, name, hint] of mistaken) {
    if (pattern.test(text)) {
      throw new SignError("unsupported-key", `the file holds ${name}, not a public key`, hint);
    }
  }
  try {
    return isOpensshPublicKey(text) ? decodeOpensshPublicKey(text) : decodePublicKeyPem(text);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new SignError(
      cause.code === "unsupported" ? "unsupported-key" : "malformed-key",
      `cannot read the public key: ${cause.message}`,
      "give a file with one PUBLIC KEY block (openssl pkey -pubin -in KEY)",
      { cause },
    );
  }
}
