// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from "../bytes/index.ts";
import {
  contextTag,
  der,
  derBoolean,
  derGeneralizedTime,
  derInteger,
  derOid,
  type DerReader,
  derSequence,
  readDer,
  readTime,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import {
  encodeExtension,
  encodeImprint,
  type MessageImprint,
  readDefaultFalse,
  readExtensions,
  readImprint,
  readInteger,
  type TimestampExtension,
} from "./imprint.ts";

/** Accuracy (RFC 3161 §2.4.2): how far genTime may be off. An absent part is zero. */
export interface TimestampAccuracy {
  readonly seconds: number;
  /** 0 to 999. */
  readonly millis: number;
  /** 0 to 999. */
  readonly micros: number;
}

/** TSTInfo (RFC 3161 §2.4.2), version 1: what an authority states and signs. */
export interface TimestampInfo {
  /** The authority's policy, a dotted object identifier. */
  readonly policy: string;
  readonly imprint: MessageImprint;
  /** May be negative: mock authorities write raw random bytes. */
  readonly serialNumber: bigint;
  /** The stated time, cut to milliseconds. */
  readonly genTime: Date;
  readonly accuracy?: TimestampAccuracy;
  /** Whether tokens of this authority can be ordered by genTime alone. */
  readonly ordering: boolean;
  readonly nonce?: bigint;
  /** Name the authority gives itself: a GeneralName, DER as read. A hint; nothing is checked. */
  readonly tsa?: Uint8Array;
  readonly extensions: readonly TimestampExtension[];
}

const MILLIS_TAG = contextTag(0, false);
const MICROS_TAG = contextTag(1, false);
const TSA_TAG = contextTag(0, true);
const EXTENSIONS_TAG = contextTag(1, true);

/** Reads the content of an eContent of type id-ct-TSTInfo. */
export function decodeTimestampInfo(bytes: Uint8Array): TimestampInfo {
  return readDer(bytes, "TSTInfo", (outer) => {
    const reader = outer.sequence();
    const version = reader.integer();
    if (version !== 1n) throw reader.error("unsupported", `version ${version}`);
    const policy = reader.oid();
    const imprint = readImprint(reader);
    const serialNumber = readInteger(reader);
    if (reader.peek() === Tag.utcTime) {
      throw reader.error("wrong-type", "a UTCTime where a GeneralizedTime belongs");
    }
    const genTime = readTime(reader);
    const accuracy = readAccuracy(reader.enterOptional(Tag.sequence));
    const ordering = readDefaultFalse(reader);
    const nonce = reader.peek() === Tag.integer ? readInteger(reader) : undefined;
    const tsa = readTsa(reader.enterOptional(TSA_TAG));
    const extensions = readExtensions(reader, EXTENSIONS_TAG);
    reader.end();
    return {
      policy,
      imprint,
      serialNumber,
      genTime,
      ...(accuracy === undefined ? {} : { accuracy }),
      ordering,
      ...(nonce === undefined ? {} : { nonce }),
      ...(tsa === undefined ? {} : { tsa }),
      extensions,
    };
  });
}

/** Most bits of a serial number that authorities write (RFC 3161 §2.4.2: users read up to 160). */
const serialNumberBits = 160n;

/**
 * DER of a TSTInfo (RFC 3161 §2.4.2), the imprint's hash with NULL parameters as OpenSSL and Go
 * write it.
 * @throws FormatError `unsupported` for an imprint of another hash; `out-of-range` for a digest of
 *   another size, a serial number that is not positive or above 160 bits, an accuracy above 999
 *   thousandths, and a time with a fraction of a second, which is not written here
 */
export function encodeTimestampInfo(info: TimestampInfo): Uint8Array {
  const { imprint, serialNumber, genTime, accuracy, nonce, tsa, extensions } = info;
  if (imprint.hash === undefined) throw refused("unsupported", `hash ${imprint.algorithm}`);
  if (serialNumber <= 0n || serialNumber >> serialNumberBits !== 0n) {
    throw refused("out-of-range", `a serial number that is not of 1 to ${serialNumberBits} bits`);
  }
  if (!Number.isInteger(genTime.getTime() / 1000)) {
    throw refused("out-of-range", "a time that is not of whole seconds");
  }
  const parts = [
    derInteger(1),
    derOid(info.policy),
    encodeImprint(imprint.hash, imprint.digest),
    derInteger(serialNumber),
    derGeneralizedTime(genTime),
  ];
  if (accuracy) parts.push(encodeAccuracy(accuracy));
  if (info.ordering) parts.push(derBoolean(true));
  if (nonce !== undefined) parts.push(derInteger(nonce));
  if (tsa) parts.push(der(TSA_TAG, tsa));
  if (extensions.length > 0) parts.push(der(EXTENSIONS_TAG, ...extensions.map(encodeExtension)));
  return derSequence(...parts);
}

/** Parts that are zero are left out. */
function encodeAccuracy({ seconds, millis, micros }: TimestampAccuracy): Uint8Array {
  const parts = seconds === 0 ? [] : [derInteger(seconds)];
  for (const [tag, value] of [
    [MILLIS_TAG, millis],
    [MICROS_TAG, micros],
  ] as const) {
    if (value < 0 || value > 999) throw refused("out-of-range", `${value} thousandths`);
    if (value > 0) parts.push(concatBytes(Uint8Array.of(tag), derInteger(value).subarray(1)));
  }
  return derSequence(...parts);
}

function refused(code: "unsupported" | "out-of-range", problem: string): FormatError {
  return new FormatError(code, "TSTInfo", "", problem);
}

/** SEQUENCE { seconds INTEGER, millis [0] INTEGER, micros [1] INTEGER }, all OPTIONAL */
function readAccuracy(reader: DerReader | undefined): TimestampAccuracy | undefined {
  if (!reader) return undefined;
  const seconds = reader.peek() === Tag.integer ? reader.smallInteger() : 0;
  const millis = readThousandth(reader, MILLIS_TAG);
  const micros = readThousandth(reader, MICROS_TAG);
  reader.end();
  return { seconds, millis, micros };
}

/** An implicitly tagged INTEGER (0..999): one or two bytes. The RFC says 1..999; 0 does no harm. */
function readThousandth(reader: DerReader, tag: number): number {
  const found = reader.optional(tag);
  if (!found) return 0;
  const [first, second, ...more] = found.content;
  const value = second === undefined ? first : ((first ?? 0) << 8) | second;
  const minimal = second === undefined || (value ?? 0) >= 0x80;
  if (
    value === undefined ||
    more.length > 0 ||
    !minimal ||
    (second === undefined && value > 0x7f)
  ) {
    throw reader.error("malformed", "an accuracy that is no small INTEGER");
  }
  if (value > 999) throw reader.error("out-of-range", `an accuracy of ${value} thousandths`);
  return value;
}

/** [0] EXPLICIT GeneralName */
function readTsa(reader: DerReader | undefined): Uint8Array | undefined {
  const name = reader?.any();
  reader?.end();
  return name?.raw;
}
