// SPDX-License-Identifier: Apache-2.0

/**
 * DER (X.690), reading and writing. Reading is strict: indefinite and non-minimal lengths, padded
 * integers and odd booleans are refused. BER inputs (old PKCS#7) are out of scope.
 */
export { contextTag, type DerElement, DerReader, readDer, Tag } from "./reader.ts";
export { readTime } from "./time.ts";
export {
  der,
  derBitString,
  derBoolean,
  derExplicit,
  derGeneralizedTime,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSetOf,
  derTime,
  derUnsigned,
  derUtf8String,
} from "./writer.ts";
