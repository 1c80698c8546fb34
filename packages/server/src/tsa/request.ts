// SPDX-License-Identifier: Apache-2.0
import { decodeBase64 } from "@chancery/formats/bytes";
import { type HashName, hashOids, hashSizes } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { decodeTimestampRequest, type TimestampRequest } from "@chancery/formats/tsp";
import { generalMessage, TimestampRefusal } from "./refusal.ts";

/** Largest request in JSON. */
const jsonSizeBytesMax = 1024;
/** Most components of a policy asked for in JSON. */
const policyComponentsMax = 128;
const sha1 = "1.3.14.3.2.26";

/** A request that can be signed, if policy and extensions are accepted. */
export interface ReadRequest {
  readonly hash: HashName;
  /** Has the hash's size. */
  readonly digest: Uint8Array;
  readonly policy: string | undefined;
  readonly nonce: bigint | undefined;
  readonly certReq: boolean;
  readonly extensions: TimestampRequest["extensions"];
}

/**
 * Reads a TimeStampReq (RFC 3161 §2.4.1).
 * @throws TimestampRefusal `malformed`; `invalid` for weak and unknown hashes
 */
export function readDerRequest(body: Uint8Array): ReadRequest {
  const { imprint, policy, nonce, certReq, extensions } = decode(body);
  if (imprint.algorithm === sha1) {
    const message = "Weak hash algorithm in timestamp request";
    throw new TimestampRefusal("invalid", "badAlg", message);
  }
  const { hash, digest } = imprint;
  if (hash === undefined) throw new TimestampRefusal("invalid", "badAlg", generalMessage);
  return { hash, digest, policy, nonce, certReq, extensions };
}

function decode(body: Uint8Array): TimestampRequest {
  try {
    return decodeTimestampRequest(body);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    // Nothing else of a request has a range.
    if (cause.code === "out-of-range") throw wrongLength();
    throw new TimestampRefusal("malformed", "badDataFormat", generalMessage, { cause });
  }
}

/**
 * Reads the form in JSON, which Sigstore's authority has beside RFC 3161's.
 * @throws TimestampRefusal `malformed` | `invalid`
 */
export function readJsonRequest(body: Uint8Array): ReadRequest {
  if (body.length > jsonSizeBytesMax) {
    throw new TimestampRefusal("malformed", "badRequest", "timestamp request is too large");
  }
  try {
    return readObject(new ObjectDecoder(parseJson(body, "timestamp request"), "timestamp request"));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new TimestampRefusal("malformed", "badDataFormat", generalMessage, { cause });
  }
}

/** Members it does not know are passed over, as the authority that is replaced does. */
function readObject(object: ObjectDecoder): ReadRequest {
  const hash = hashNamed(object.has("hashAlgorithm") ? object.string("hashAlgorithm") : "");
  const digest = decodeBase64(object.has("artifactHash") ? object.string("artifactHash") : "");
  if (digest.length !== hashSizes[hash]) throw wrongLength();
  const certReq = object.raw("certificates") ?? false;
  if (typeof certReq !== "boolean") throw unreadable();
  return {
    hash,
    digest,
    policy: readPolicy(object),
    nonce: readNonce(object),
    certReq,
    extensions: [],
  };
}

function hashNamed(text: string): HashName {
  const name = text.toLowerCase();
  if (name === "sha1") {
    const message = "Weak hash algorithm in timestamp request";
    throw new TimestampRefusal("invalid", "badAlg", message);
  }
  if (Object.hasOwn(hashOids, name)) return name as HashName;
  throw new TimestampRefusal("invalid", "badAlg", generalMessage);
}

function readPolicy(object: ObjectDecoder): string | undefined {
  const text = object.has("tsaPolicyOID") ? object.string("tsaPolicyOID") : "";
  if (text === "") return undefined;
  if (text.split(".").length > policyComponentsMax) {
    const message = `OID should be comprised of at most ${policyComponentsMax} components`;
    throw new TimestampRefusal("malformed", "badDataFormat", message);
  }
  if (!/^[0-2](?:\.(?:0|[1-9][0-9]*))+$/.test(text)) throw unreadable();
  return text;
}

/** A number without a fraction, of any size that 1024 bytes hold. */
function readNonce(object: ObjectDecoder): bigint | undefined {
  const value = object.raw("nonce");
  if (value === undefined) return undefined;
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) throw unreadable();
  const nonce = BigInt(value as number | bigint);
  // What a request in DER may hold: 64 bytes, two's complement.
  if (BigInt.asIntN(512, nonce) !== nonce) throw unreadable();
  return nonce;
}

function wrongLength(): TimestampRefusal {
  const message = "Message digest has incorrect length for specified algorithm";
  return new TimestampRefusal("malformed", "badDataFormat", message);
}

function unreadable(): TimestampRefusal {
  return new TimestampRefusal("malformed", "badDataFormat", generalMessage);
}
