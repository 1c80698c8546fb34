// SPDX-License-Identifier: Apache-2.0
import { type ByteReader, decodeUtf8 } from "@chancery/formats/bytes";
import {
  type EcCurve,
  ecPublicKey,
  ed25519PublicKey,
  type PublicKey,
  rsaPublicKey,
} from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";

/** Key types of SSH (RFC 8709, RFC 4253 §6.6, RFC 5656 §3.1). */
export const sshCurves: Readonly<Record<string, { name: string; curve: EcCurve }>> = {
  "ecdsa-sha2-nistp256": { name: "nistp256", curve: "P-256" },
  "ecdsa-sha2-nistp384": { name: "nistp384", curve: "P-384" },
  "ecdsa-sha2-nistp521": { name: "nistp521", curve: "P-521" },
};

/** Longest number read: 8192 bits and a sign. */
const mpintBytesMax = 1025;

/** A string that is text (RFC 4251 §5). */
export function sshText(reader: ByteReader): string {
  return decodeUtf8(reader.vector(4), `byte ${reader.offset}`);
}

/** A positive mpint (RFC 4251 §5), minimally encoded, as unsigned big-endian bytes. */
export function sshNumber(reader: ByteReader): Uint8Array {
  const bytes = reader.vector(4);
  const place = `byte ${reader.offset}`;
  const [first, second] = bytes;
  if (bytes.length > mpintBytesMax) {
    throw new FormatError("too-large", "ssh", place, `a number of ${bytes.length} bytes`);
  }
  if (first === undefined || first >= 0x80) {
    throw new FormatError("out-of-range", "ssh", place, "a number that is not positive");
  }
  if (first !== 0) return bytes;
  if (second === undefined || second < 0x80) {
    throw new FormatError("non-canonical", "ssh", place, "a number with a superfluous zero");
  }
  return bytes.subarray(1);
}

/** What follows the type in a public key: curve and point, exponent and modulus, or 32 bytes. */
export function sshPublicKey(type: string, reader: ByteReader): PublicKey {
  if (type === "ssh-ed25519") return ed25519PublicKey(reader.vector(4));
  if (type === "ssh-rsa") {
    const exponent = sshNumber(reader);
    return rsaPublicKey(sshNumber(reader), exponent);
  }
  return sshEcPublicKey(type, reader);
}

/** Curve name and point of an ECDSA key. @throws FormatError `unsupported` for other key types */
export function sshEcPublicKey(type: string, reader: ByteReader): PublicKey & { type: "ec" } {
  const known = Object.hasOwn(sshCurves, type) ? sshCurves[type] : undefined;
  if (!known) {
    const hardware = type.startsWith("sk-") ? ", whose private half is in a security key" : "";
    throw new FormatError(
      "unsupported",
      "ssh",
      "",
      `the key type ${JSON.stringify(type)}${hardware}`,
    );
  }
  if (sshText(reader) !== known.name) {
    throw new FormatError("conflicting-fields", "ssh", "", `the curve is not that of ${type}`);
  }
  return ecPublicKey(known.curve, reader.vector(4));
}
