// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { encodePublicKeyPem, decodeSpki, type PublicKey, sha256 } from "@chancery/formats/crypto";
import { readDer, Tag } from "@chancery/formats/der";
import { FormatError } from "@chancery/formats/errors";
import { decodePem, encodePem, type PemBlock } from "@chancery/formats/pem";
import {
  type Certificate,
  decodeCertificate,
  fulcioOtherName,
  type GeneralName,
  PathError,
  subjectAltNames,
  verifyCertificatePath,
} from "@chancery/formats/x509";
import type { SearchKeys } from "../search-keys.ts";
import { invalidEntry } from "./spec-v1.ts";

/** Certificates read of one chain. */
const chainLengthMax = 10;

/** Who signed: a key, or a certificate with its chain. */
export interface X509Verifier {
  readonly key: PublicKey;
  /** PEM in the form that is stored: 64 columns, a newline at the end. */
  readonly pem: Uint8Array;
  /** Absent for a bare key. */
  readonly certificate?: Certificate;
}

/**
 * Reads what Rekor v1 calls an x509 public key: one `PUBLIC KEY`, one `CERTIFICATE`, or up to ten
 * certificates, leaf first and root last, which must be a chain for code signing at the start of
 * the leaf's validity. A certificate alone is not checked against anything, nor are times: old ones
 * may be logged.
 *
 * @throws ServiceError `invalid`
 */
export function decodeX509Verifier(pem: Uint8Array): X509Verifier {
  const blocks = decodeBlocks(pem);
  const [block, ...others] = blocks as [PemBlock, ...PemBlock[]];
  try {
    if (others.length > 0) return decodeChain(blocks);
    switch (block.label) {
      case "PUBLIC KEY":
        return keyVerifier(decodeSpki(block.bytes));
      case "CERTIFICATE":
        return certificateVerifier(decodeCertificate(block.bytes));
    }
  } catch (cause) {
    if (!(cause instanceof FormatError || cause instanceof PathError)) throw cause;
    throw invalidEntry(cause.message, cause);
  }
  throw invalidEntry(`invalid public key: cannot handle type ${block.label}`);
}

export function keyVerifier(key: PublicKey): X509Verifier {
  return { key, pem: utf8Bytes(encodePublicKeyPem(key)) };
}

export function certificateVerifier(certificate: Certificate): X509Verifier {
  const pem = utf8Bytes(encodePem("CERTIFICATE", certificate.der));
  return { key: certificate.publicKey, pem, certificate };
}

/**
 * Adds what an entry is found by through one of its verifiers: the digest of the PEM in Rekor's
 * spelling, the digest of the key, and the identities of the certificate.
 *
 * @param spelling `plain`: as most kinds have it. `prefixed`: with `sha256:` before it as dsse and
 *   intoto have it, and plain as well, so that a search by key finds these too.
 */
export function addVerifierKeys(
  keys: SearchKeys,
  { key, pem, certificate }: X509Verifier,
  spelling: "plain" | "prefixed",
): void {
  const digest = encodeHex(sha256(pem));
  keys.add("text", digest).addKey(key);
  if (spelling === "prefixed") keys.add("text", `sha256:${digest}`);
  if (certificate) for (const name of identities(certificate)) keys.add("text", name);
}

/**
 * The subject alternative names of a certificate as text, in the order DNS, e-mail, IP, URI,
 * Fulcio's otherName. Names that cannot be read are passed over, as the certificate may be
 * anybody's.
 */
export function identities(certificate: Certificate): string[] {
  let names: readonly GeneralName[];
  try {
    names = subjectAltNames(certificate) ?? [];
  } catch (cause) {
    if (cause instanceof FormatError) return [];
    throw cause;
  }
  return ["dns", "email", "ip", "uri", "otherName"].flatMap((kind) =>
    names.filter((name) => name.kind === kind).flatMap((name) => nameText(name) ?? []),
  );
}

function decodeBlocks(pem: Uint8Array): PemBlock[] {
  try {
    return decodePem(decodeUtf8(pem));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw invalidEntry("invalid public key: failure decoding PEM", cause);
  }
}

function decodeChain(blocks: readonly PemBlock[]): X509Verifier {
  if (blocks.length > chainLengthMax) {
    throw invalidEntry("too many certificates specified in PEM block");
  }
  const foreign = blocks.find(({ label }) => label !== "CERTIFICATE");
  if (foreign) throw invalidEntry(`invalid public key: cannot handle type ${foreign.label}`);
  const chain = blocks.map(({ bytes }) => decodeCertificate(bytes));
  const leaf = chain[0] as Certificate;
  verifyCertificatePath(leaf, {
    intermediates: chain.slice(1, -1),
    roots: chain.slice(-1),
    time: leaf.notBefore,
    usage: "code-signing",
  });
  const pem = chain.map(({ der }) => encodePem("CERTIFICATE", der)).join("");
  return { key: leaf.publicKey, pem: utf8Bytes(pem), certificate: leaf };
}

function nameText(name: GeneralName): string | undefined {
  switch (name.kind) {
    case "dns":
    case "email":
    case "uri":
      return name.value;
    case "ip":
      return addressText(name.value);
    case "otherName":
      return name.oid === fulcioOtherName ? utf8Name(name.value) : undefined;
    default:
      return undefined;
  }
}

function utf8Name(der: Uint8Array): string | undefined {
  try {
    return decodeUtf8(readDer(der, "name", (reader) => reader.element(Tag.utf8String).content));
  } catch (cause) {
    if (cause instanceof FormatError) return undefined;
    throw cause;
  }
}

/** RFC 5952 through the URL parser, which knows the compression of zeros. */
function addressText(address: Uint8Array): string {
  if (address.length === 4) return address.join(".");
  const groups = encodeHex(address).match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
