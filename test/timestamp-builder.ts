// SPDX-License-Identifier: Apache-2.0
// A timestamp authority for tests: certificates and tokens, right ones and wrong in any one way.
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signMessage,
} from "node:crypto";
import type { HashName } from "@chancery/formats/crypto";
import {
  contextTag,
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
  derUtf8String,
  Tag,
} from "@chancery/formats/der";

export const hashIdentifiers: Readonly<Record<HashName | "sha1", string>> = {
  sha1: "1.3.14.3.2.26",
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
};
export const oids = {
  tstInfo: "1.2.840.113549.1.9.16.1.4",
  signedData: "1.2.840.113549.1.7.2",
  data: "1.2.840.113549.1.7.1",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingTime: "1.2.840.113549.1.9.5",
  signingCertificate: "1.2.840.113549.1.9.16.2.12",
  signingCertificateV2: "1.2.840.113549.1.9.16.2.47",
  timeStamping: "1.3.6.1.5.5.7.3.8",
} as const;

export type TestKeyType = "P-256" | "P-384" | "RSA" | "Ed25519";

/** A certificate with its private key. */
export interface TestAuthority {
  /** The certificate, DER. */
  readonly certificate: Uint8Array;
  readonly keyType: TestKeyType;
  readonly privateKey: KeyObject;
  /** Subject and issuer Names, DER. */
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly serialNumber: number;
  readonly subjectKeyIdentifier: Uint8Array;
}

export interface TestAuthorityOptions {
  readonly keyType?: TestKeyType;
  readonly name?: string;
  readonly serialNumber?: number;
  /** Who signs the certificate; itself when absent. */
  readonly issuer?: TestAuthority;
  readonly ca?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Encoded Extensions in place of those that a leaf (or a CA) has by default. */
  readonly extensions?: readonly Uint8Array[];
}

/** A certificate and its key, by default a timestamping leaf valid from 2020 to 2040. */
export function testAuthority(options: TestAuthorityOptions = {}): TestAuthority {
  const { keyType = "P-256", name = "tsa.example", serialNumber = 7, ca = false } = options;
  const privateKey = generateKey(keyType);
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const subjectKeyIdentifier = digest("sha1", spki);
  const subject = nameOf(name);
  const issuer = options.issuer?.subject ?? subject;
  const signer = options.issuer ?? { keyType, privateKey };
  const algorithm = signatureIdentifier(signer.keyType, "sha256");
  const extensions = options.extensions ?? [
    extension("2.5.29.14", false, derOctetString(subjectKeyIdentifier)),
    extension("2.5.29.15", true, ca ? KEY_USAGE_CERT_SIGN : KEY_USAGE_SIGN),
    ca
      ? extension("2.5.29.19", true, derSequence(derBoolean(true)))
      : extension("2.5.29.37", true, derSequence(derOid(oids.timeStamping))),
  ];
  const tbs = derSequence(
    derExplicit(0, derInteger(2)),
    derInteger(serialNumber),
    algorithm,
    issuer,
    derSequence(
      derTime(options.notBefore ?? new Date("2020-01-01T00:00:00Z")),
      derTime(options.notAfter ?? new Date("2040-01-01T00:00:00Z")),
    ),
    subject,
    spki,
    derExplicit(3, derSequence(...extensions)),
  );
  const signature = sign(signer, "sha256", tbs);
  const certificate = derSequence(tbs, algorithm, derBitString(signature));
  return {
    certificate,
    keyType,
    privateKey,
    subject,
    issuer,
    serialNumber,
    subjectKeyIdentifier,
  };
}

/** The standard signed attributes, each encoded whole. */
export interface TestAttributes {
  readonly contentType: Uint8Array;
  readonly signingTime: Uint8Array;
  readonly messageDigest: Uint8Array;
  readonly signingCertificateV2: Uint8Array;
}

export interface TestTimestampOptions {
  /** PKIStatus; 0 by default. */
  readonly status?: number;
  /** Further elements of PKIStatusInfo, encoded. */
  readonly statusInfo?: readonly Uint8Array[];
  readonly imprintHash?: HashName | "sha1";
  /** In place of the digest of the stamped bytes. */
  readonly imprintDigest?: Uint8Array;
  readonly genTime?: Date;
  readonly serialNumber?: number | bigint;
  readonly policy?: string;
  readonly nonce?: bigint;
  /** Elements of TSTInfo after genTime, encoded, in place of accuracy and nonce. */
  readonly tstInfoTail?: readonly Uint8Array[];
  /** The whole TSTInfo, encoded. */
  readonly tstInfo?: Uint8Array;
  readonly eContentType?: string;
  readonly signedDataVersion?: number;
  /** Encoded AlgorithmIdentifiers of the digestAlgorithms set. */
  readonly digestAlgorithms?: readonly Uint8Array[];
  /** Hash of the content and, where the key type has one, of the signature. */
  readonly digestAlgorithm?: HashName;
  /** Elements of the certificates set, in this order; absent leaves the set out. */
  readonly certificates?: readonly Uint8Array[];
  /** Between certificates and signerInfos, encoded. */
  readonly crls?: Uint8Array;
  readonly signerBy?: "issuer-and-serial" | "key-identifier";
  readonly signerInfoVersion?: number;
  /** Value of the messageDigest attribute. */
  readonly messageDigest?: Uint8Array;
  /** Value of the contentType attribute. */
  readonly contentType?: string;
  readonly signingTime?: Date;
  /** Value of signingCertificateV2, encoded. */
  readonly signingCertificateV2?: Uint8Array;
  /** Chooses the attributes out of the standard and other ones; all standard ones by default. */
  readonly attributes?: (standard: TestAttributes) => readonly Uint8Array[];
  /** Writes the attributes as chosen instead of in DER order. */
  readonly unsorted?: boolean;
  /** No signed attributes at all: the signature is over the content. */
  readonly withoutAttributes?: boolean;
  /** Encoded AlgorithmIdentifier of the signature. */
  readonly signatureAlgorithm?: Uint8Array;
  /** Signs in the place of the authority that the token names. */
  readonly signWith?: TestAuthority;
  /** After the signature, encoded. */
  readonly unsignedAttributes?: Uint8Array;
  /** How many times the SignerInfo stands there. */
  readonly signers?: number;
}

/** TimeStampResp of the authority over the bytes: right but for what the options change. */
export function buildTimestamp(
  authority: TestAuthority,
  stamped: Uint8Array,
  options: TestTimestampOptions = {},
): Uint8Array {
  const statusInfo = derSequence(derInteger(options.status ?? 0), ...(options.statusInfo ?? []));
  return derSequence(statusInfo, buildTimestampToken(authority, stamped, options));
}

/** TimeStampResp without a token. */
export function buildRefusal(status: number, ...statusInfo: readonly Uint8Array[]): Uint8Array {
  return derSequence(derSequence(derInteger(status), ...statusInfo));
}

/** The TimeStampToken alone. */
export function buildTimestampToken(
  authority: TestAuthority,
  stamped: Uint8Array,
  options: TestTimestampOptions = {},
): Uint8Array {
  const { digestAlgorithm = "sha256", certificates, signers = 1 } = options;
  const content = options.tstInfo ?? buildTstInfo(stamped, options);
  const signerInfo = buildSignerInfo(authority, content, options);
  const digests = options.digestAlgorithms ?? [hashIdentifier(digestAlgorithm)];
  const signedData = derSequence(
    derInteger(options.signedDataVersion ?? 3),
    der(Tag.set, ...digests),
    derSequence(
      derOid(options.eContentType ?? oids.tstInfo),
      derExplicit(0, derOctetString(content)),
    ),
    ...(certificates ? [der(contextTag(0, true), ...certificates)] : []),
    ...(options.crls ? [options.crls] : []),
    der(Tag.set, ...Array.from({ length: signers }, () => signerInfo)),
  );
  return derSequence(derOid(oids.signedData), derExplicit(0, signedData));
}

/** Attribute ::= SEQUENCE { type OID, values SET } */
export function attribute(type: string, ...values: readonly Uint8Array[]): Uint8Array {
  return derSequence(derOid(type), der(Tag.set, ...values));
}

/** AlgorithmIdentifier of a hash, without parameters. */
export function hashIdentifier(hash: HashName | "sha1"): Uint8Array {
  return derSequence(derOid(hashIdentifiers[hash]));
}

/** Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
export function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return derSequence(derOid(oid), ...(critical ? [derBoolean(true)] : []), derOctetString(value));
}

/** SigningCertificateV2 with one ESSCertIDv2 that holds the given elements. */
export function signingCertificate(...elements: readonly Uint8Array[]): Uint8Array {
  return derSequence(derSequence(derSequence(...elements)));
}

/** IssuerSerial ::= SEQUENCE { GeneralNames { directoryName }, serialNumber } */
export function issuerSerial(issuer: Uint8Array, serialNumber: number): Uint8Array {
  return derSequence(derSequence(derExplicit(4, issuer)), derInteger(serialNumber));
}

/** Digest by Node, independent of the code under test. */
export function digest(hash: HashName | "sha1", bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(hash).update(bytes).digest());
}

/** A Name with one common name. */
export function nameOf(commonName: string): Uint8Array {
  const attributeOfName = derSequence(derOid("2.5.4.3"), derUtf8String(commonName));
  return derSequence(derSetOf(attributeOfName));
}

const KEY_USAGE_SIGN = Uint8Array.of(0x03, 0x02, 0x07, 0x80);
const KEY_USAGE_CERT_SIGN = Uint8Array.of(0x03, 0x02, 0x01, 0x06);

function buildTstInfo(stamped: Uint8Array, options: TestTimestampOptions): Uint8Array {
  const { imprintHash = "sha256", nonce } = options;
  return derSequence(
    derInteger(1),
    derOid(options.policy ?? "1.3.6.1.4.1.57264.2"),
    derSequence(
      derSequence(derOid(hashIdentifiers[imprintHash]), derNull()),
      derOctetString(options.imprintDigest ?? digest(imprintHash, stamped)),
    ),
    derInteger(options.serialNumber ?? 42),
    derGeneralizedTime(options.genTime ?? GEN_TIME),
    ...(options.tstInfoTail ?? [
      derSequence(derInteger(1)),
      ...(nonce === undefined ? [] : [derInteger(nonce)]),
    ]),
  );
}

const GEN_TIME = new Date("2025-06-12T12:02:20Z");

function buildSignerInfo(
  authority: TestAuthority,
  content: Uint8Array,
  options: TestTimestampOptions,
): Uint8Array {
  const { digestAlgorithm = "sha256", signerBy = "issuer-and-serial" } = options;
  const attributes = buildAttributes(authority, content, options);
  const encoded = options.unsorted ? der(Tag.set, ...attributes) : derSetOf(...attributes);
  const signed = options.withoutAttributes ? content : encoded;
  const implicit = Uint8Array.from(encoded);
  implicit[0] = contextTag(0, true);
  const byKey = signerBy === "key-identifier";
  return derSequence(
    derInteger(options.signerInfoVersion ?? (byKey ? 3 : 1)),
    byKey
      ? der(contextTag(0, false), authority.subjectKeyIdentifier)
      : derSequence(authority.issuer, derInteger(authority.serialNumber)),
    hashIdentifier(digestAlgorithm),
    ...(options.withoutAttributes ? [] : [implicit]),
    options.signatureAlgorithm ?? signatureIdentifier(authority.keyType, digestAlgorithm),
    derOctetString(sign(options.signWith ?? authority, digestAlgorithm, signed)),
    ...(options.unsignedAttributes ? [options.unsignedAttributes] : []),
  );
}

function buildAttributes(
  authority: TestAuthority,
  content: Uint8Array,
  options: TestTimestampOptions,
): readonly Uint8Array[] {
  const { digestAlgorithm = "sha256" } = options;
  const certificateId =
    options.signingCertificateV2 ??
    signingCertificate(
      derOctetString(digest("sha256", authority.certificate)),
      issuerSerial(authority.issuer, authority.serialNumber),
    );
  const messageDigest = options.messageDigest ?? digest(digestAlgorithm, content);
  const time = options.signingTime ?? options.genTime ?? GEN_TIME;
  const standard: TestAttributes = {
    contentType: attribute(oids.contentType, derOid(options.contentType ?? oids.tstInfo)),
    signingTime: attribute(oids.signingTime, derTime(time)),
    messageDigest: attribute(oids.messageDigest, derOctetString(messageDigest)),
    signingCertificateV2: attribute(oids.signingCertificateV2, certificateId),
  };
  return options.attributes?.(standard) ?? Object.values(standard);
}

function signatureIdentifier(keyType: TestKeyType, hash: HashName): Uint8Array {
  const last = { sha256: 2, sha384: 3, sha512: 4 }[hash];
  switch (keyType) {
    case "RSA":
      return derSequence(derOid(`1.2.840.113549.1.1.${last + 9}`), derNull());
    case "Ed25519":
      return derSequence(derOid("1.3.101.112"));
    default:
      return derSequence(derOid(`1.2.840.10045.4.3.${last}`));
  }
}

function sign(
  { keyType, privateKey }: Pick<TestAuthority, "keyType" | "privateKey">,
  hash: HashName,
  message: Uint8Array,
): Uint8Array {
  return new Uint8Array(signMessage(keyType === "Ed25519" ? null : hash, message, privateKey));
}

function generateKey(keyType: TestKeyType): KeyObject {
  switch (keyType) {
    case "RSA":
      return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    case "Ed25519":
      return generateKeyPairSync("ed25519").privateKey;
    default:
      return generateKeyPairSync("ec", { namedCurve: keyType }).privateKey;
  }
}
