// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "../bytes/index.ts";
import {
  der,
  derInteger,
  type DerReader,
  derSequence,
  derUtf8String,
  readDer,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { readToken, type TimestampToken } from "./token.ts";

/** Largest response or token read; with a chain of RSA-4096 certificates real ones have 5.4 KiB. */
export const timestampResponseSizeBytesMax = 65_536;
/** Most texts beside a status. */
const statusTextsMax = 16;
const FORMAT = "timestamp response";

/** PKIStatus (RFC 3161 §2.4.2): the number is the index. */
const statusNames = [
  "granted",
  "grantedWithMods",
  "rejection",
  "waiting",
  "revocationWarning",
  "revocationNotification",
] as const;

/** Bits of PKIFailureInfo (RFC 3161 §2.4.2) by name. */
const failureBits = {
  badAlg: 0,
  badRequest: 2,
  badDataFormat: 5,
  timeNotAvailable: 14,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
  addInfoNotAvailable: 17,
  systemFailure: 25,
} as const;

/** Why an authority gives no timestamp (RFC 3161 §2.4.2). */
export type TimestampFailure = keyof typeof failureBits;

const failureNames: ReadonlyMap<number, string> = new Map(
  Object.entries(failureBits).map(([name, bit]) => [bit, name]),
);

export type TimestampStatus = (typeof statusNames)[number];

/** TimeStampResp (RFC 3161 §2.4.2): with a token when granted, even with mods, else without. */
export type TimestampResponse = TimestampGrant | TimestampRefusal;

export interface TimestampGrant extends TimestampStatusInfo {
  readonly status: "granted" | "grantedWithMods";
  readonly token: TimestampToken;
}

export interface TimestampRefusal extends TimestampStatusInfo {
  readonly status: Exclude<TimestampStatus, TimestampGrant["status"]>;
  readonly token?: undefined;
}

interface TimestampStatusInfo {
  /** Words of the authority, in order; not to be trusted. */
  readonly statusText?: readonly string[];
  /** Names of the failure bits, ascending, such as `badAlg`; `bit 7` for one without a name. */
  readonly failInfo?: readonly string[];
}

/**
 * Reads a TimeStampResp (RFC 3161 §2.4.2), strictly DER, down to the signed attributes.
 *
 * Checks the structure only. Not checked: the status (see the type), any digest or signature, the
 * embedded certificates, which are opaque here. `verifyTimestamp` does.
 *
 * @param bytes exactly the response; kept, not copied: it must not be changed afterwards.
 * @throws FormatError `unsupported` for versions and algorithms outside SHA-256/384/512 with ECDSA,
 *   RSA and Ed25519; `missing-field` for a grant without token or a signer without the attributes
 *   contentType and messageDigest; `conflicting-fields` for a refusal with a token; `too-large`
 *   above {@link timestampResponseSizeBytesMax} and the limits of `token.ts`; `duplicate-key`,
 *   `malformed`, `malformed-utf8`, `non-canonical`, `out-of-range`, `truncated`, `trailing-data`,
 *   `wrong-type`.
 */
export function decodeTimestampResponse(bytes: Uint8Array): TimestampResponse {
  checkSize(bytes);
  return readDer(bytes, FORMAT, (outer) => {
    const reader = outer.sequence();
    const { status, ...info } = readStatusInfo(reader.sequence());
    if (status === "granted" || status === "grantedWithMods") {
      if (reader.done) throw reader.error("missing-field", `${status} without a token`);
      const token = readToken(reader);
      reader.end();
      return { status, ...info, token };
    }
    if (!reader.done) throw reader.error("conflicting-fields", `${status} with a token`);
    return { status, ...info };
  });
}

/**
 * Reads a bare TimeStampToken (RFC 3161 §2.4.2), as it stands inside a response.
 * @throws FormatError as {@link decodeTimestampResponse}, which also says what is not checked.
 */
export function decodeTimestampToken(bytes: Uint8Array): TimestampToken {
  checkSize(bytes);
  return readDer(bytes, FORMAT, readToken);
}

/**
 * DER of a TimeStampResp with a token: status `granted`.
 * @param token a whole TimeStampToken (`TimestampAuthority`).
 */
export function encodeTimestampGrant(token: Uint8Array): Uint8Array {
  return derSequence(GRANTED, token);
}

/**
 * DER of a TimeStampResp without a token: status `rejection`, one failure and words for people.
 */
export function encodeTimestampRejection(failure: TimestampFailure, text: string): Uint8Array {
  const bit = failureBits[failure];
  // A list of named bits ends with its last bit that is set (X.690 §11.2.2).
  const content = new Uint8Array(2 + (bit >> 3));
  content[0] = 7 - (bit & 7);
  content[content.length - 1] = 0x80 >> (bit & 7);
  const failInfo = der(Tag.bitString, content);
  const status = derInteger(statusNames.indexOf("rejection"));
  return derSequence(derSequence(status, derSequence(derUtf8String(text)), failInfo));
}

const GRANTED: Uint8Array = derSequence(derInteger(statusNames.indexOf("granted")));

function checkSize(bytes: Uint8Array): void {
  if (bytes.length > timestampResponseSizeBytesMax) {
    const problem = `${bytes.length} bytes, ${timestampResponseSizeBytesMax} are read`;
    throw new FormatError("too-large", FORMAT, "", problem);
  }
}

/** PKIStatusInfo ::= SEQUENCE { status INTEGER, statusString OPTIONAL, failInfo OPTIONAL } */
function readStatusInfo(reader: DerReader): TimestampStatusInfo & { status: TimestampStatus } {
  const number = reader.smallInteger();
  const status = statusNames[number];
  if (status === undefined) throw reader.error("out-of-range", `status ${number}`);
  const texts = reader.enterOptional(Tag.sequence);
  const statusText = texts && readTexts(texts);
  const failInfo = reader.peek() === Tag.bitString ? readFailures(reader) : undefined;
  reader.end();
  return {
    status,
    ...(statusText === undefined ? {} : { statusText }),
    ...(failInfo === undefined ? {} : { failInfo }),
  };
}

/** PKIFreeText ::= SEQUENCE SIZE (1..MAX) OF UTF8String */
function readTexts(reader: DerReader): string[] {
  const texts: string[] = [];
  do {
    if (texts.length === statusTextsMax) {
      throw reader.error("too-large", `more than ${statusTextsMax} status texts`);
    }
    texts.push(decodeUtf8(reader.element(Tag.utf8String).content, "statusString"));
  } while (!reader.done);
  return texts;
}

/** A named BIT STRING: no zero bit at the end (X.690 §11.2.2). */
function readFailures(reader: DerReader): string[] {
  const [unused, ...octets] = reader.element(Tag.bitString).content.subarray(0, 6);
  const last = octets.at(-1);
  if (octets.length > 4) throw reader.error("too-large", "failure bits above 31");
  const canonical =
    last === undefined
      ? unused === 0
      : unused !== undefined &&
        unused < 8 &&
        (last & (0xff >> (8 - unused))) === 0 &&
        (last >> unused) % 2 === 1;
  if (!canonical) throw reader.error("non-canonical", "failure bits that end in zeros");
  const names: string[] = [];
  for (let bit = 0; bit < 8 * octets.length; bit++) {
    if (((octets[bit >> 3] as number) & (0x80 >> (bit & 7))) === 0) continue;
    names.push(failureNames.get(bit) ?? `bit ${bit}`);
  }
  return names;
}
