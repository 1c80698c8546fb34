// SPDX-License-Identifier: Apache-2.0
// Certificates for tests: good ones by default, any pathology on request. Nothing is checked here.
import crypto, { type KeyObject } from "node:crypto";
import { utf8Bytes } from "../src/bytes/index.ts";
import {
  decodeSpki,
  type HashName,
  hashSizes,
  type PublicKey,
  type SignatureScheme,
} from "../src/crypto/index.ts";
import {
  contextTag,
  der,
  derBitString,
  derBoolean,
  derExplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSetOf,
  derTime,
  derUnsigned,
  derUtf8String,
  Tag,
} from "../src/der/index.ts";
import { encodeSct, encodeSctList, sctSignedData } from "../src/sct/index.ts";
import {
  type Certificate,
  decodeCertificate,
  type FulcioClaimName,
  fulcioExtensions,
  fulcioOtherName,
  type KeyUsage,
} from "../src/x509/index.ts";

export type TestKeyType = "P-256" | "P-384" | "P-521" | "rsa" | "ed25519";

export interface TestKey {
  readonly type: TestKeyType;
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
  /** Key identifier as RFC 5280 §4.2.1.2 (1): SHA-1 of the key's bits. */
  readonly identifier: Uint8Array;
}

/** A new key pair; RSA keys have 2048 bits. */
export function testKey(type: TestKeyType = "P-256"): TestKey {
  const { publicKey, privateKey } =
    type === "rsa"
      ? crypto.generateKeyPairSync("rsa", { modulusLength: 2048 })
      : type === "ed25519"
        ? crypto.generateKeyPairSync("ed25519")
        : crypto.generateKeyPairSync("ec", { namedCurve: type });
  return keyOf(type, privateKey, publicKey);
}

function keyOf(type: TestKeyType, privateKey: KeyObject, publicKey: KeyObject): TestKey {
  const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
  return {
    type,
    privateKey,
    publicKey: decodeSpki(spki),
    identifier: new Uint8Array(crypto.createHash("sha1").update(spki).digest()),
  };
}

/** The scheme a key signs with unless told otherwise, as Fulcio's CAs do. */
export function defaultScheme(type: TestKeyType): SignatureScheme {
  switch (type) {
    case "P-256":
      return { kind: "ecdsa", hash: "sha256" };
    case "P-384":
      return { kind: "ecdsa", hash: "sha384" };
    case "P-521":
      return { kind: "ecdsa", hash: "sha512" };
    case "rsa":
      return { kind: "rsa-pkcs1v15", hash: "sha256" };
    case "ed25519":
      return { kind: "ed25519" };
  }
}

/** Signs a message, ECDSA in DER form. */
export function testSign(
  key: TestKey,
  message: Uint8Array,
  scheme: SignatureScheme = defaultScheme(key.type),
): Uint8Array {
  const { privateKey } = key;
  if (scheme.kind === "ed25519") return new Uint8Array(crypto.sign(null, message, privateKey));
  if (scheme.kind === "ed25519ph") throw new Error("no certificate is signed with Ed25519ph");
  const { RSA_PKCS1_PSS_PADDING } = crypto.constants;
  const input =
    scheme.kind === "rsa-pss"
      ? { key: privateKey, padding: RSA_PKCS1_PSS_PADDING, saltLength: hashSizes[scheme.hash] }
      : privateKey;
  return new Uint8Array(crypto.sign(scheme.hash, message, input));
}

const ecdsaOids = {
  sha256: "1.2.840.10045.4.3.2",
  sha384: "1.2.840.10045.4.3.3",
  sha512: "1.2.840.10045.4.3.4",
} as const;
const pkcs1Oids = {
  sha256: "1.2.840.113549.1.1.11",
  sha384: "1.2.840.113549.1.1.12",
  sha512: "1.2.840.113549.1.1.13",
} as const;
const hashOids = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
} as const;

/** The AlgorithmIdentifier of a signature. */
export function algorithmIdentifier(scheme: SignatureScheme): Uint8Array {
  switch (scheme.kind) {
    case "ecdsa":
      return derSequence(derOid(ecdsaOids[scheme.hash]));
    case "rsa-pkcs1v15":
      return derSequence(derOid(pkcs1Oids[scheme.hash]), derNull());
    case "rsa-pss":
      return pssIdentifier(scheme.hash, scheme.hash, hashSizes[scheme.hash]);
    case "ed25519":
      return derSequence(derOid("1.3.101.112"));
    case "ed25519ph":
      throw new Error("no certificate is signed with Ed25519ph");
  }
}

/** An RSASSA-PSS AlgorithmIdentifier with any parameters. */
export function pssIdentifier(hash: HashName, maskHash: HashName, saltLength: number): Uint8Array {
  const identifier = (name: HashName): Uint8Array => derSequence(derOid(hashOids[name]), derNull());
  const mask = derSequence(derOid("1.2.840.113549.1.1.8"), identifier(maskHash));
  return derSequence(
    derOid("1.2.840.113549.1.1.10"),
    derSequence(
      derExplicit(0, identifier(hash)),
      derExplicit(1, mask),
      derExplicit(2, derInteger(saltLength)),
    ),
  );
}

const attributeOids: Readonly<Record<string, string>> = {
  CN: "2.5.4.3",
  C: "2.5.4.6",
  L: "2.5.4.7",
  O: "2.5.4.10",
  OU: "2.5.4.11",
};

/**
 * DER of a Name from simple text, outermost last as RFC 4514 has it: `CN=intermediate,O=test`; no
 * escapes. The empty text is the empty Name.
 */
export function testName(text: string): Uint8Array {
  const names = text === "" ? [] : text.split(",").toReversed();
  return derSequence(
    ...names.map((part) => {
      const [type = "", value = ""] = part.split("=");
      const oid = attributeOids[type];
      if (oid === undefined) throw new Error(`no attribute type ${type}`);
      return derSetOf(derSequence(derOid(oid), derUtf8String(value)));
    }),
  );
}

/** One extension of a certificate to build. */
export interface TestExtension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Subject alternative names, DER of one GeneralName each. */
export const generalName = {
  email: (text: string): Uint8Array => der(contextTag(1, false), utf8Bytes(text)),
  dns: (text: string): Uint8Array => der(contextTag(2, false), utf8Bytes(text)),
  uri: (text: string): Uint8Array => der(contextTag(6, false), utf8Bytes(text)),
  ip: (bytes: Uint8Array): Uint8Array => der(contextTag(7, false), bytes),
  directoryName: (name: Uint8Array): Uint8Array => derExplicit(4, name),
  otherName: (text: string, oid: string = fulcioOtherName): Uint8Array =>
    derExplicit(0, derOid(oid), derExplicit(0, derUtf8String(text))),
} as const;

const keyUsageNames: readonly KeyUsage[] = [
  "digitalSignature",
  "contentCommitment",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

/** Makers of extensions, with the critical flag as Fulcio sets it unless told otherwise. */
export const extension = {
  raw: (oid: string, critical: boolean, value: Uint8Array): TestExtension => ({
    oid,
    critical,
    value,
  }),
  basicConstraints: (ca: boolean, pathLength?: number, critical = true): TestExtension => {
    const length = pathLength === undefined ? [] : [derInteger(pathLength)];
    const value = derSequence(...(ca ? [derBoolean(true)] : []), ...length);
    return { oid: "2.5.29.19", critical, value };
  },
  keyUsage: (usages: readonly KeyUsage[], critical = true): TestExtension => {
    const bits = usages.map((usage) => keyUsageNames.indexOf(usage));
    const last = Math.max(...bits);
    const bytes = new Uint8Array(2 + (last >> 3));
    bytes[0] = 7 - (last & 7);
    for (const bit of bits) {
      const at = 1 + (bit >> 3);
      bytes[at] = (bytes[at] as number) | (0x80 >> (bit & 7));
    }
    return { oid: "2.5.29.15", critical, value: der(Tag.bitString, bytes) };
  },
  extendedKeyUsage: (purposes: readonly string[], critical = false): TestExtension => ({
    oid: "2.5.29.37",
    critical,
    value: derSequence(...purposes.map(derOid)),
  }),
  subjectAltName: (names: readonly Uint8Array[], critical = true): TestExtension => ({
    oid: "2.5.29.17",
    critical,
    value: derSequence(...names),
  }),
  subjectKeyIdentifier: (identifier: Uint8Array): TestExtension => ({
    oid: "2.5.29.14",
    critical: false,
    value: derOctetString(identifier),
  }),
  authorityKeyIdentifier: (identifier: Uint8Array): TestExtension => ({
    oid: "2.5.29.35",
    critical: false,
    value: derSequence(der(contextTag(0, false), identifier)),
  }),
  fulcio: (name: FulcioClaimName, text: string): TestExtension => {
    const found = fulcioExtensions.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`no Fulcio extension ${name}`);
    const value = found.encoding === "raw" ? utf8Bytes(text) : derUtf8String(text);
    return { oid: found.oid, critical: false, value };
  },
  sctList: (list: Uint8Array): TestExtension => ({
    oid: "1.3.6.1.4.1.11129.2.4.2",
    critical: false,
    value: derOctetString(list),
  }),
  poison: (): TestExtension => ({
    oid: "1.3.6.1.4.1.11129.2.4.3",
    critical: true,
    value: derNull(),
  }),
} as const;

/** Who signs a certificate. */
export interface TestIssuer {
  readonly key: TestKey;
  /** DER of the issuer's subject. */
  readonly subject: Uint8Array;
}

export interface CertificateOptions {
  /** The key certified; its private half also signs where there is no issuer. */
  readonly key: TestKey;
  /** Text for {@link testName}, or the DER of a Name. Default: empty. */
  readonly subject?: string | Uint8Array;
  /** Default: self-signed. */
  readonly issuer?: TestIssuer;
  /** Default 2030-01-01T00:00:00Z. */
  readonly notBefore?: Date;
  /** Default: ten minutes after `notBefore`. */
  readonly notAfter?: Date;
  /** In this order; default: none, and no extension list. */
  readonly extensions?: readonly TestExtension[];
  /** Unsigned bytes. Default: 16 random ones. */
  readonly serialNumber?: Uint8Array;
  /** How the issuer signs. */
  readonly scheme?: SignatureScheme;
  /** Replaces the AlgorithmIdentifier, outside too unless that has its own. */
  readonly innerAlgorithm?: Uint8Array;
  readonly outerAlgorithm?: Uint8Array;
  /** 2 = v3; undefined leaves the field out (v1). Default 2. */
  readonly version?: number | undefined;
  /** Replaces the SubjectPublicKeyInfo. */
  readonly spki?: Uint8Array;
  /** Changes fields of the TBSCertificate just before it is signed. */
  readonly editTbs?: (fields: Uint8Array[]) => Uint8Array[];
  /** Replaces the signature. */
  readonly editSignature?: (signature: Uint8Array) => Uint8Array;
}

/** A certificate with its key: it can be the issuer of the next. */
export interface TestCertificate extends TestIssuer {
  readonly der: Uint8Array;
  /** The decoded certificate. @throws FormatError where the decoder refuses it */
  readonly certificate: Certificate;
}

/** First instant of validity of certificates built without one. */
export const testNotBefore: Date = new Date("2030-01-01T00:00:00Z");

/** Builds and signs any certificate. */
export function buildCertificate(options: CertificateOptions): TestCertificate {
  const { key, extensions = [] } = options;
  const subject =
    options.subject instanceof Uint8Array ? options.subject : testName(options.subject ?? "");
  const issuer = options.issuer ?? { key, subject };
  const notBefore = options.notBefore ?? testNotBefore;
  const notAfter = options.notAfter ?? new Date(notBefore.getTime() + 600_000);
  const scheme = options.scheme ?? defaultScheme(issuer.key.type);
  const algorithm = options.innerAlgorithm ?? algorithmIdentifier(scheme);
  const version = "version" in options ? options.version : 2;
  const serial = options.serialNumber ?? randomSerial();
  const fields = [
    ...(version === undefined ? [] : [derExplicit(0, derInteger(version))]),
    derUnsigned(serial),
    algorithm,
    issuer.subject,
    derSequence(derTime(notBefore), derTime(notAfter)),
    subject,
    options.spki ?? key.publicKey.spki,
    ...(extensions.length === 0 ? [] : [derExplicit(3, encodeExtensions(extensions))]),
  ];
  const tbs = derSequence(...(options.editTbs?.(fields) ?? fields));
  const made = testSign(issuer.key, tbs, scheme);
  const signature = derBitString(options.editSignature?.(made) ?? made);
  const whole = derSequence(tbs, options.outerAlgorithm ?? algorithm, signature);
  return {
    der: whole,
    key,
    subject,
    get certificate(): Certificate {
      return decodeCertificate(whole);
    },
  };
}

/** Always 16 content octets. */
function randomSerial(): Uint8Array {
  const bytes = new Uint8Array(crypto.randomBytes(16));
  return bytes.with(0, 0x40 | ((bytes[0] as number) & 0x3f));
}

/** The SEQUENCE OF Extension. */
export function encodeExtensions(extensions: readonly TestExtension[]): Uint8Array {
  return derSequence(
    ...extensions.map(({ oid, critical, value }) =>
      derSequence(derOid(oid), ...(critical ? [derBoolean(true)] : []), derOctetString(value)),
    ),
  );
}

/** Extensions of a CA as Fulcio's certificate specification has them. */
export function caExtensions(
  key: TestKey,
  options: { pathLength?: number; purposes?: readonly string[]; issuer?: TestIssuer } = {},
): TestExtension[] {
  const { pathLength, purposes, issuer } = options;
  return [
    extension.keyUsage(["keyCertSign", "cRLSign"]),
    ...(purposes ? [extension.extendedKeyUsage(purposes)] : []),
    extension.basicConstraints(true, pathLength),
    extension.subjectKeyIdentifier(key.identifier),
    ...(issuer ? [extension.authorityKeyIdentifier(issuer.key.identifier)] : []),
  ];
}

/** A self-signed root, or an intermediate where there is an issuer; valid from 2020 to 2040. */
export function buildCa(
  options: Partial<CertificateOptions> & {
    readonly subject: string;
    readonly pathLength?: number;
    readonly purposes?: readonly string[];
  },
): TestCertificate {
  const { pathLength, purposes, ...rest } = options;
  const key = options.key ?? testKey();
  const limits = {
    ...(pathLength === undefined ? {} : { pathLength }),
    ...(purposes && { purposes }),
    ...(options.issuer && { issuer: options.issuer }),
  };
  return buildCertificate({
    notBefore: new Date("2020-01-01T00:00:00Z"),
    notAfter: new Date("2040-01-01T00:00:00Z"),
    extensions: caExtensions(key, limits),
    ...rest,
    key,
  });
}

/** What a leaf as Fulcio issues it says. */
export interface FulcioLeafOptions extends Partial<CertificateOptions> {
  readonly issuer: TestIssuer;
  /** DER of one GeneralName. Default: the e-mail address `signer@example.com`. */
  readonly identity?: Uint8Array;
  /** Claims beside the issuer; `issuer` is written twice, as 1.1 and 1.8, unless `issuerV1` is. */
  readonly claims?: Readonly<Partial<Record<FulcioClaimName, string>>>;
  /** Keys of CT logs that each embed a timestamp; their time is that of `notBefore`. */
  readonly ctKeys?: readonly TestKey[];
  /** CtExtensions of those timestamps. */
  readonly ctExtensions?: Uint8Array;
}

/** A ten-minute leaf in Fulcio's profile, with embedded timestamps of the given CT logs. */
export function buildFulcioLeaf(options: FulcioLeafOptions): TestCertificate {
  const { identity, claims, ctKeys = [], ctExtensions, ...rest } = options;
  const key = options.key ?? testKey();
  const issuer = claims?.issuer ?? "https://issuer.example";
  const named = { issuerV1: issuer, ...claims, issuer };
  const extensions = [
    extension.keyUsage(["digitalSignature"]),
    extension.extendedKeyUsage(["1.3.6.1.5.5.7.3.3"]),
    extension.subjectKeyIdentifier(key.identifier),
    extension.authorityKeyIdentifier(options.issuer.key.identifier),
    extension.subjectAltName([identity ?? generalName.email("signer@example.com")]),
    ...fulcioExtensions.flatMap(({ name }) => {
      const text = named[name];
      return text === undefined ? [] : [extension.fulcio(name, text)];
    }),
  ];
  const serialNumber = options.serialNumber ?? randomSerial();
  const base = { extensions, ...rest, key, serialNumber };
  if (ctKeys.length === 0) return buildCertificate(base);
  const { tbs } = buildCertificate(base).certificate;
  const timestampMs = (options.notBefore ?? testNotBefore).getTime();
  const list = encodeSctList(
    ctKeys.map((ctKey) =>
      buildSct({
        ctKey,
        timestampMs,
        issuerSpki: options.issuer.key.publicKey.spki,
        tbs,
        ...(ctExtensions && { extensions: ctExtensions }),
      }),
    ),
  );
  return buildCertificate({ ...base, extensions: [...base.extensions, extension.sctList(list)] });
}

/** A signed certificate timestamp over a precertificate's TBSCertificate. */
export function buildSct(options: {
  readonly ctKey: TestKey;
  readonly timestampMs: number;
  readonly issuerSpki: Uint8Array;
  readonly tbs: Uint8Array;
  readonly extensions?: Uint8Array;
}): Uint8Array {
  const { ctKey, timestampMs, tbs, extensions = new Uint8Array(0) } = options;
  const issuerKeyHash = new Uint8Array(crypto.hash("sha256", options.issuerSpki, "buffer"));
  const rsa = ctKey.type === "rsa";
  const signed = sctSignedData({ timestampMs, extensions }, { issuerKeyHash, tbs });
  return encodeSct({
    logId: new Uint8Array(crypto.hash("sha256", ctKey.publicKey.spki, "buffer")),
    timestampMs,
    extensions,
    hashAlgorithm: 4,
    signatureAlgorithm: rsa ? 1 : 3,
    signature: testSign(ctKey, signed, { kind: rsa ? "rsa-pkcs1v15" : "ecdsa", hash: "sha256" }),
  });
}
