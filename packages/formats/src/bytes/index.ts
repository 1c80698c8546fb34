// SPDX-License-Identifier: Apache-2.0

/** Byte strings and their text forms. Ground floor: imports nothing but the error class. */
export { decodeBase64, encodeBase64 } from "./base64.ts";
export { bytesEqual, compareBytes, concatBytes, decodeUtf8, utf8Bytes } from "./bytes.ts";
export { decodeHex, encodeHex } from "./hex.ts";
export { bigintFromBytes, ByteReader, uintBytes } from "./reader.ts";
