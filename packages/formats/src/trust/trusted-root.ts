// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "../bytes/index.ts";
import {
  type Algorithm,
  algorithmByName,
  algorithmFits,
  decodePkcs1PublicKey,
  decodeSpki,
  type PublicKey,
  type RsaPublicKey,
} from "../crypto/index.ts";
import { derInteger, derSequence, derUnsigned } from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { type JsonLimits, ObjectDecoder, parseJson } from "../json/index.ts";
import { type Certificate, decodeCertificate } from "../x509/index.ts";
import { decodeValidity, encodeValidity, type ValidityPeriod } from "./validity.ts";

/** A log of entries (Rekor) or of certificates (CT) and the key it signs with. */
export interface TransparencyLog {
  /** As written: mostly a URL, in some roots a bare host name; empty where it is absent. */
  readonly baseUrl: string;
  readonly publicKey: PublicKey;
  readonly algorithm: Algorithm;
  readonly validFor: ValidityPeriod;
  /** Mostly SHA-256 of the SPKI; other ways to derive it exist and none is checked here. */
  readonly logId: Uint8Array;
  /** What names the key on checkpoints where it is not the start of `logId` (0.2 roots). */
  readonly checkpointKeyId?: Uint8Array;
  readonly operator?: string;
}

/** An issuer of signing certificates or of timestamps. */
export interface CertificateAuthority {
  readonly organization: string;
  readonly commonName: string;
  readonly uri: string;
  /** Never empty. Issuing certificate first (of a TSA: its leaf), root last. */
  readonly certificates: readonly Certificate[];
  readonly validFor: ValidityPeriod;
  readonly operator?: string;
}

/** All that a verifier trusts: `dev.sigstore.trustroot.v1.TrustedRoot` of protobuf-specs. */
export interface TrustedRoot {
  readonly mediaType: string;
  readonly tlogs: readonly TransparencyLog[];
  readonly certificateAuthorities: readonly CertificateAuthority[];
  readonly ctlogs: readonly TransparencyLog[];
  /** Their chains start with the TSA's leaf. */
  readonly timestampAuthorities: readonly CertificateAuthority[];
}

/** The media type to write: the only one that every client reads. */
export const trustedRootMediaType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

const mediaTypes: readonly string[] = [
  trustedRootMediaType,
  "application/vnd.dev.sigstore.trustedroot.v0.1+json",
  "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

const format = "trusted root";
/** The public root is below 8 kB; retired instances stay in it for ever. */
export const trustLimits: JsonLimits = { sizeBytesMax: 4 << 20, depthMax: 16 };
const instancesMax = 1024;
const chainLengthMax = 16;
const logIdBytesMax = 64;
const pkcs1Names: readonly string[] = ["PKCS1_RSA_PKCS1V5", "PKCS1_RSA_PSS"];

/**
 * Reads a `trusted_root.json`, as strictly as sigstore-go: unknown fields are refused, as are keys
 * that their `keyDetails` do not fit, and instances without the start of their validity. Instances
 * may share a log id or a name: a key's period may be split.
 *
 * Does not check that log ids belong to keys, that chains are linked or that certificates are of
 * use for their purpose: verification does, for what it uses.
 *
 * @param input UTF-8 JSON, 4 MiB at most.
 * @throws FormatError `unknown-media-type` | `missing-field` | `unknown-field` | `wrong-type` |
 *   `unsupported` | `out-of-range` | `too-large`, and those of JSON, base64, keys and certificates.
 */
export function decodeTrustedRoot(input: Uint8Array | string): TrustedRoot {
  return readTrustedRoot(new ObjectDecoder(parseJson(input, format, trustLimits), format));
}

/** As `decodeTrustedRoot`, from an object inside another document. */
export function readTrustedRoot(decoder: ObjectDecoder): TrustedRoot {
  const mediaType = decoder.string("mediaType");
  if (!mediaTypes.includes(mediaType)) {
    throw decoder.error("unknown-media-type", "mediaType", JSON.stringify(mediaType));
  }
  const root = {
    mediaType,
    tlogs: decoder.objects("tlogs", instancesMax).map(readLog),
    certificateAuthorities: decoder
      .objects("certificateAuthorities", instancesMax)
      .map(readAuthority),
    ctlogs: decoder.objects("ctlogs", instancesMax).map(readLog),
    timestampAuthorities: decoder.objects("timestampAuthorities", instancesMax).map(readAuthority),
  };
  decoder.end();
  return root;
}

/**
 * Writes a trusted root as JSON in the public instance's layout: two spaces, fields in the order of
 * the specification, a final newline.
 * @throws FormatError `unknown-media-type`; `out-of-range` for times after the year 9999.
 */
export function encodeTrustedRoot(root: TrustedRoot): string {
  return `${JSON.stringify(trustedRootJson(root), undefined, 2)}\n`;
}

/** The JSON value of a trusted root, to stand inside another document. */
export function trustedRootJson(root: TrustedRoot): object {
  if (!mediaTypes.includes(root.mediaType)) {
    throw new FormatError(
      "unknown-media-type",
      format,
      "mediaType",
      JSON.stringify(root.mediaType),
    );
  }
  return {
    mediaType: root.mediaType,
    tlogs: root.tlogs.map(logJson),
    certificateAuthorities: root.certificateAuthorities.map(authorityJson),
    ctlogs: root.ctlogs.map(logJson),
    timestampAuthorities: root.timestampAuthorities.map(authorityJson),
  };
}

function readLog(decoder: ObjectDecoder): TransparencyLog {
  const baseUrl = decoder.optionalString("baseUrl") ?? "";
  decoder.oneOf("hashAlgorithm", ["SHA2_256"]);
  const key = decoder.object("publicKey");
  const { publicKey, algorithm } = readKey(key);
  const validFor = decodeValidity(key, "validFor");
  key.end();
  const logId = readLogId(decoder, "logId");
  const checkpointKeyId = decoder.has("checkpointKeyId")
    ? readLogId(decoder, "checkpointKeyId")
    : undefined;
  const operator = decoder.optionalString("operator");
  decoder.end();
  return {
    baseUrl,
    publicKey,
    algorithm,
    validFor,
    logId,
    ...(checkpointKeyId ? { checkpointKeyId } : {}),
    ...(operator ? { operator } : {}),
  };
}

function readKey(decoder: ObjectDecoder): { publicKey: PublicKey; algorithm: Algorithm } {
  const bytes = decoder.bytes("rawBytes");
  const name = decoder.string("keyDetails");
  const algorithm = located(decoder, "keyDetails", () => algorithmByName(name));
  const publicKey = located(decoder, "rawBytes", () =>
    pkcs1Names.includes(name) ? decodePkcs1PublicKey(bytes) : decodeSpki(bytes),
  );
  if (!algorithmFits(algorithm, publicKey)) {
    throw decoder.error("unsupported", "keyDetails", `${name} does not fit the key in rawBytes`);
  }
  return { publicKey, algorithm };
}

function readLogId(parent: ObjectDecoder, name: string): Uint8Array {
  const decoder = parent.object(name);
  const id = decoder.bytes("keyId");
  decoder.end();
  if (id.length > logIdBytesMax) {
    throw decoder.error(
      "too-large",
      "keyId",
      `${id.length} bytes; at most ${logIdBytesMax} are read`,
    );
  }
  return id;
}

function readAuthority(decoder: ObjectDecoder): CertificateAuthority {
  const subject = decoder.optionalObject("subject");
  const organization = subject?.optionalString("organization") ?? "";
  const commonName = subject?.optionalString("commonName") ?? "";
  subject?.end();
  const uri = decoder.optionalString("uri") ?? "";
  const chain = decoder.object("certChain");
  const certificates = chain.objects("certificates", chainLengthMax).map((item) => {
    const der = item.bytes("rawBytes");
    item.end();
    return located(item, "rawBytes", () => decodeCertificate(der));
  });
  chain.end();
  if (certificates.length === 0) throw chain.error("missing-field", "certificates", "is empty");
  const validFor = decodeValidity(decoder, "validFor");
  const operator = decoder.optionalString("operator");
  decoder.end();
  return {
    organization,
    commonName,
    uri,
    certificates,
    validFor,
    ...(operator ? { operator } : {}),
  };
}

/** Runs a decoder of another format; its refusal gets the place in this document. */
function located<T>(decoder: ObjectDecoder, name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FormatError(cause.code, format, decoder.place(name), cause.message, { cause });
  }
}

function logJson(log: TransparencyLog): object {
  const pkcs1 = log.publicKey.type === "rsa" && pkcs1Names.includes(log.algorithm.name);
  const rawBytes = pkcs1 ? pkcs1Bytes(log.publicKey as RsaPublicKey) : log.publicKey.spki;
  return {
    ...(log.baseUrl === "" ? {} : { baseUrl: log.baseUrl }),
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: encodeBase64(rawBytes),
      keyDetails: log.algorithm.name,
      validFor: encodeValidity(log.validFor),
    },
    logId: { keyId: encodeBase64(log.logId) },
    ...(log.checkpointKeyId
      ? { checkpointKeyId: { keyId: encodeBase64(log.checkpointKeyId) } }
      : {}),
    ...(log.operator === undefined ? {} : { operator: log.operator }),
  };
}

function authorityJson(authority: CertificateAuthority): object {
  return {
    subject: { organization: authority.organization, commonName: authority.commonName },
    uri: authority.uri,
    certChain: {
      certificates: authority.certificates.map(({ der }) => ({ rawBytes: encodeBase64(der) })),
    },
    validFor: encodeValidity(authority.validFor),
    ...(authority.operator === undefined ? {} : { operator: authority.operator }),
  };
}

function pkcs1Bytes(key: RsaPublicKey): Uint8Array {
  return derSequence(derUnsigned(key.modulus), derInteger(key.exponent));
}
