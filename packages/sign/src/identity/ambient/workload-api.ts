// SPDX-License-Identifier: Apache-2.0
import { ByteReader, concatBytes, decodeUtf8, utf8Bytes } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { SignError } from "../../errors.ts";

/**
 * Two messages of the SPIFFE Workload API, in protobuf:
 *
 *     JWTSVIDRequest  { repeated string audience = 1; string spiffe_id = 2; }
 *     JWTSVIDResponse { repeated JWTSVID svids = 1; }
 *     JWTSVID         { string spiffe_id = 1; string svid = 2; string hint = 3; }
 */
export function encodeJwtSvidRequest(audience: string): Uint8Array {
  const text = utf8Bytes(audience);
  return concatBytes(Uint8Array.of((1 << 3) | 2), varint(text.length), text);
}

/** The first token, which is the agent's default. @throws SignError `oidc-malformed` */
export function decodeJwtSvidResponse(bytes: Uint8Array): string {
  try {
    const svid = firstBytes(bytes, 1);
    const token = svid && firstBytes(svid, 2);
    if (token && token.length > 0) return decodeUtf8(token, "JWT-SVID");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw malformed(`answers what is no such message (${cause.code})`, { cause });
  }
  throw malformed("answers without a token");
}

function malformed(problem: string, options?: ErrorOptions): SignError {
  const hint = "check that the socket is that of a SPIFFE agent";
  return new SignError("oidc-malformed", `the SPIFFE Workload API ${problem}`, hint, options);
}

/** The first value of a field of bytes; fields of other numbers are skipped. */
function firstBytes(message: Uint8Array, number: number): Uint8Array | undefined {
  const reader = new ByteReader(message, "protobuf");
  let found: Uint8Array | undefined;
  while (reader.remaining > 0) {
    const key = readVarint(reader);
    const [field, wireType] = [Math.floor(key / 8), key % 8];
    if (wireType === 2) {
      const value = reader.bytes(readVarint(reader));
      if (field === number) found ??= value;
    } else if (wireType === 0) readVarint(reader);
    else if (wireType === 1) reader.bytes(8);
    else if (wireType === 5) reader.bytes(4);
    else throw new FormatError("malformed", "protobuf", "", `wire type ${wireType}`);
  }
  return found;
}

/** Up to 2^53; values of fields that are skipped may be longer. */
function readVarint(reader: ByteReader): number {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = reader.bytes(1)[0] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw new FormatError("out-of-range", "protobuf", "", "a number of more than 10 bytes");
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}
