// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "../src/bytes/index.ts";
import {
  type EcPublicKey,
  ecPublicKey,
  type Ed25519PublicKey,
  ed25519PublicKey,
  type RsaPublicKey,
  rsaPublicKey,
} from "../src/crypto/index.ts";
import {
  derBitString,
  derExplicit,
  derInteger,
  derOid,
  derSequence,
  derTime,
  derUnsigned,
} from "../src/der/index.ts";

// Keys that have the right form and nothing else: no trust decoder computes with them.
export const p256: EcPublicKey = ecPublicKey(
  "P-256",
  Uint8Array.of(4, ...new Uint8Array(64).fill(7)),
);
export const ed25519: Ed25519PublicKey = ed25519PublicKey(new Uint8Array(32).fill(9));
const modulus = new Uint8Array(256).fill(0xab);
export const rsa2048: RsaPublicKey = rsaPublicKey(modulus, Uint8Array.of(1, 0, 1));
export const rsa2048Pkcs1: Uint8Array = derSequence(derUnsigned(modulus), derInteger(65_537));

/** A certificate without names or extensions whose signature is one zero byte. */
export function formOfCertificate(serial: number): Uint8Array {
  const ecdsaSha256 = derSequence(derOid("1.2.840.10045.4.3.2"));
  const instant = derTime(new Date("2024-01-01T00:00:00Z"));
  const tbs = derSequence(
    derExplicit(0, derInteger(2)),
    derInteger(serial),
    ecdsaSha256,
    derSequence(),
    derSequence(instant, instant),
    derSequence(),
    p256.spki,
  );
  return derSequence(tbs, ecdsaSha256, derBitString(new Uint8Array(1)));
}

/** A trusted root with one of everything, as the JSON value of its file. Fresh on each call. */
export function trustedRootValue(): any {
  const key = (spki: Uint8Array, keyDetails: string): object => ({
    rawBytes: encodeBase64(spki),
    keyDetails,
    validFor: { start: "2021-01-12T11:53:27Z", end: "2022-12-31T23:59:59.999Z" },
  });
  const logId = (): object => ({ keyId: encodeBase64(new Uint8Array(32).fill(1)) });
  const authority = (uri: string, serial: number): object => ({
    subject: { organization: "example.com", commonName: "example" },
    uri,
    certChain: {
      certificates: [serial, serial + 1].map((number) => ({
        rawBytes: encodeBase64(formOfCertificate(number)),
      })),
    },
    validFor: { start: "2021-01-12T11:53:27Z" },
  });
  return {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [
      {
        baseUrl: "https://log.example.com",
        hashAlgorithm: "SHA2_256",
        publicKey: key(p256.spki, "PKIX_ECDSA_P256_SHA_256"),
        logId: logId(),
        checkpointKeyId: { keyId: encodeBase64(new Uint8Array(4).fill(2)) },
        operator: "example.com",
      },
      {
        baseUrl: "https://log2.example.com",
        hashAlgorithm: "SHA2_256",
        publicKey: key(ed25519.spki, "PKIX_ED25519"),
        logId: logId(),
      },
    ],
    certificateAuthorities: [
      { ...authority("https://ca.example.com", 1), operator: "example.com" },
    ],
    ctlogs: [
      {
        baseUrl: "https://ct.example.com",
        hashAlgorithm: "SHA2_256",
        publicKey: key(rsa2048Pkcs1, "PKCS1_RSA_PKCS1V5"),
        logId: logId(),
      },
    ],
    timestampAuthorities: [authority("https://tsa.example.com/api/v1/timestamp", 3)],
  };
}

/** A signing config with one of everything, as the JSON value of its file. Fresh on each call. */
export function signingConfigValue(): any {
  const service = (url: string, majorApiVersion: number): object => ({
    url,
    majorApiVersion,
    validFor: { start: "2024-01-01T00:00:00Z", end: "2030-01-01T00:00:00Z" },
    operator: "example.com",
  });
  return {
    mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    caUrls: [service("https://ca.example.com", 1)],
    oidcUrls: [service("https://oidc.example.com/auth", 1)],
    rekorTlogUrls: [service("https://log2.example.com", 2), service("https://log.example.com", 1)],
    tsaUrls: [service("http://localhost:3004/api/v1/timestamp", 1)],
    rekorTlogConfig: { selector: "EXACT", count: 2 },
    tsaConfig: { selector: "ANY" },
  };
}

/** Every place of a JSON value: the object or array that holds it, and the name there. */
export function placesOf(value: unknown): { holder: any; name: string; path: string }[] {
  const places: { holder: any; name: string; path: string }[] = [];
  const visit = (holder: unknown, path: string): void => {
    if (typeof holder !== "object" || holder === null) return;
    for (const [name, inner] of Object.entries(holder)) {
      const place = Array.isArray(holder) ? `${path}[${name}]` : `${path}.${name}`;
      places.push({ holder, name, path: place });
      visit(inner, place);
    }
  };
  visit(value, "");
  return places;
}
