// SPDX-License-Identifier: Apache-2.0
// Certificates as signers have them, by an authority that nobody trusts.
import { decodeHex } from "@chancery/formats/bytes";
import { messageSigner, type PrivateKey } from "@chancery/formats/crypto/node";
import {
  emptyName,
  extendedKeyUsageExtension,
  type GeneralName,
  keyUsageExtension,
  signCertificate,
  subjectAltNameExtension,
} from "@chancery/formats/x509";
import { newKey } from "./entries.ts";

/** CN=X */
const authority = decodeHex("300c310a300806035504030c0158");

/** DER of a certificate over a key, with these names. */
export async function certificateOf(key: PrivateKey, names: GeneralName[]): Promise<Uint8Array> {
  return signCertificate(
    {
      serialNumber: Uint8Array.of(1),
      issuer: authority,
      subject: emptyName,
      notBefore: new Date("2026-01-01T00:00:00Z"),
      notAfter: new Date("2036-01-01T00:00:00Z"),
      publicKey: key.publicKey,
      extensions: [
        keyUsageExtension(["digitalSignature"]),
        extendedKeyUsageExtension({ critical: false, purposes: ["1.3.6.1.5.5.7.3.3"] }),
        subjectAltNameExtension(names, true),
      ],
    },
    messageSigner(newKey()),
  );
}
