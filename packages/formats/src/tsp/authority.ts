// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import {
  hash,
  type HashName,
  hashOids,
  type MessageSigner,
  publicKeysEqual,
  schemeHash,
  type SignatureScheme,
} from "../crypto/index.ts";
import {
  contextTag,
  der,
  derExplicit,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSetOf,
  derTime,
  derUnsigned,
  Tag,
} from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import { type Certificate, encodeSignatureAlgorithm } from "../x509/index.ts";
import type { TimestampExtension } from "./imprint.ts";
import {
  CONTENT_TYPE,
  MESSAGE_DIGEST,
  SIGNING_CERTIFICATE_V2,
  SIGNING_TIME,
} from "./signed-attributes.ts";
import { SIGNED_DATA, timestampCertificatesMax, timestampInfoType } from "./token.ts";
import { encodeTimestampInfo } from "./tst-info.ts";

/** How far genTime may be off, as stated in every token. */
const accuracy = { seconds: 1, millis: 0, micros: 0 } as const;

/** What an authority states. */
export interface TimestampStatement {
  /** The hash, and a digest of its size. */
  readonly hash: HashName;
  readonly digest: Uint8Array;
  /** A dotted object identifier. */
  readonly policy: string;
  /** Positive, at most 160 bits; never used before by this authority (RFC 3161 §2.4.2). */
  readonly serialNumber: bigint;
  /** The time; fractions of a second are cut. */
  readonly genTime: Date;
  /** That of the request, if it has one. */
  readonly nonce?: bigint | undefined;
  /** Whether the request asks for certificates. */
  readonly certReq: boolean;
  readonly extensions?: readonly TimestampExtension[];
}

/** What a {@link TimestampAuthority} is made of. */
export interface TimestampAuthorityOptions {
  /** The leaf that signs. */
  readonly certificate: Certificate;
  /** Signs with the leaf's key. */
  readonly signer: MessageSigner;
  /** What a token holds where certificates are asked for. Default: the leaf alone. */
  readonly embedded?: readonly Certificate[];
}

/**
 * Makes timestamp tokens (RFC 3161 §2.4.2) in the layout of Sigstore's own authority: SignedData of
 * version 3 with one signer, named by issuer and serial number, whose signed attributes are
 * contentType, signingTime, messageDigest and signingCertificateV2. The set of certificates is
 * there even where it is empty, as some verifiers expect.
 *
 * Keeps no state: serial numbers and times are the caller's, and so is whether to sign at all.
 */
export class TimestampAuthority {
  readonly #options: Required<TimestampAuthorityOptions>;
  readonly #hash: HashName;
  /** IssuerAndSerialNumber, and the same as IssuerSerial. */
  readonly #issuerAndSerial: Uint8Array;
  readonly #issuerSerial: Uint8Array;

  /**
   * @throws FormatError `conflicting-fields` where the signer's key is not the leaf's, or the leaf
   *   is not among what is embedded; `too-large` above {@link timestampCertificatesMax};
   *   `unsupported` for Ed25519ph
   */
  constructor(options: TimestampAuthorityOptions) {
    const { certificate, signer, embedded = [certificate] } = options;
    if (!publicKeysEqual(certificate.publicKey, signer.publicKey)) {
      throw refused("conflicting-fields", "the signer's key is not the one that it certifies");
    }
    if (!embedded.some((other) => bytesEqual(other.der, certificate.der))) {
      throw refused("conflicting-fields", "it is not among the certificates to embed");
    }
    if (embedded.length > timestampCertificatesMax) {
      throw refused("too-large", `more than ${timestampCertificatesMax} certificates to embed`);
    }
    encodeSignatureAlgorithm(signer.algorithm.scheme); // refuses what could not be written later
    this.#options = { certificate, signer, embedded };
    this.#hash = digestOf(signer.algorithm.scheme);
    const { issuer } = certificate;
    const serialNumber = derUnsigned(certificate.serialNumber);
    this.#issuerAndSerial = derSequence(issuer, serialNumber);
    this.#issuerSerial = derSequence(derSequence(derExplicit(4, issuer)), serialNumber);
  }

  /**
   * @returns a TimeStampToken, DER: for `encodeTimestampGrant`.
   * @throws FormatError as `encodeTimestampInfo`; what the signer throws
   */
  async sign(statement: TimestampStatement): Promise<Uint8Array> {
    const content = this.#encodeContent(statement);
    const signerInfo = await this.#signerInfo(statement, content);
    const certificates = statement.certReq ? this.#options.embedded : [];
    const signedData = derSequence(
      derInteger(3),
      derSetOf(hashIdentifier(this.#hash)),
      derSequence(derOid(timestampInfoType), derExplicit(0, derOctetString(content))),
      retagged(derSetOf(...certificates.map((one) => one.der)), contextTag(0, true)),
      derSetOf(signerInfo),
    );
    return derSequence(derOid(SIGNED_DATA), derExplicit(0, signedData));
  }

  #encodeContent(statement: TimestampStatement): Uint8Array {
    const { hash: name, digest, policy, serialNumber, genTime, nonce, extensions = [] } = statement;
    return encodeTimestampInfo({
      policy,
      imprint: { algorithm: hashOids[name], hash: name, digest },
      serialNumber,
      genTime: new Date(Math.floor(genTime.getTime() / 1000) * 1000),
      accuracy,
      ordering: false,
      ...(nonce === undefined ? {} : { nonce }),
      tsa: derExplicit(4, this.#options.certificate.subject),
      extensions,
    });
  }

  /** SignerInfo (RFC 5652 §5.3), version 1. The attributes are signed with the tag of a SET. */
  async #signerInfo(statement: TimestampStatement, content: Uint8Array): Promise<Uint8Array> {
    const { signer } = this.#options;
    const attributes = derSetOf(
      attribute(CONTENT_TYPE, derOid(timestampInfoType)),
      attribute(SIGNING_TIME, derTime(statement.genTime)),
      attribute(MESSAGE_DIGEST, derOctetString(hash(this.#hash, content))),
      attribute(SIGNING_CERTIFICATE_V2, this.#signingCertificate(statement.hash)),
    );
    const signature = await signer.sign(attributes);
    return derSequence(
      derInteger(1),
      this.#issuerAndSerial,
      hashIdentifier(this.#hash),
      retagged(attributes, contextTag(0, true)),
      encodeSignatureAlgorithm(signer.algorithm.scheme),
      derOctetString(signature),
    );
  }

  /**
   * SigningCertificateV2 (RFC 5035 §3) of one ESSCertIDv2. Its hash is that of the imprint, as
   * Sigstore's authority has it; SHA-256 is the DEFAULT, which DER leaves out.
   */
  #signingCertificate(name: HashName): Uint8Array {
    const digest = derOctetString(hash(name, this.#options.certificate.der));
    const algorithm = name === "sha256" ? [] : [derSequence(derOid(hashOids[name]), derNull())];
    return derSequence(derSequence(derSequence(...algorithm, digest, this.#issuerSerial)));
  }
}

/** What is hashed apart from the signature; with Ed25519 SHA-512 (RFC 8419 §3.1). */
function digestOf(scheme: SignatureScheme): HashName {
  return schemeHash(scheme) ?? "sha512";
}

function hashIdentifier(name: HashName): Uint8Array {
  return derSequence(derOid(hashOids[name]));
}

function attribute(type: string, value: Uint8Array): Uint8Array {
  return derSequence(derOid(type), der(Tag.set, value));
}

/** The same element under an implicit tag. */
function retagged(element: Uint8Array, tag: number): Uint8Array {
  return element.with(0, tag);
}

function refused(code: "conflicting-fields" | "too-large", problem: string): FormatError {
  return new FormatError(code, "timestamp authority", "certificate", problem);
}
