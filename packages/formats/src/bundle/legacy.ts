// SPDX-License-Identifier: Apache-2.0
import {
  decodeBase64,
  decodeHex,
  decodeUtf8,
  encodeBase64,
  encodeHex,
  utf8Bytes,
} from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";
import { type JsonObject, ObjectDecoder, parseJson } from "../json/index.ts";
import { decodePem, encodePem } from "../pem/index.ts";
import { decodeCertificate } from "../x509/index.ts";

/**
 * The detached bundle that cosign wrote before it adopted Sigstore's own
 * (`--new-bundle-format=false`).
 */
export interface LegacyBundle {
  /** The signature's bytes; for attestations the DSSE envelope's JSON. */
  readonly signature: Uint8Array;
  /** DER of the signer's certificate. */
  readonly certificate?: Uint8Array;
  readonly rekor?: LegacyRekorEntry;
}

/** Rekor v1's promise about an entry: the payload that its SET signs. */
export interface LegacyRekorEntry {
  readonly signedEntryTimestamp: Uint8Array;
  readonly canonicalizedBody: Uint8Array;
  readonly integratedTime: bigint;
  readonly logIndex: bigint;
  readonly logId: Uint8Array;
}

const format = "legacy bundle";

/**
 * Reads a legacy bundle; its certificate is read to be one, and not checked further.
 *
 * A public key in `cert`, which cosign 3.1.2 wrote and let replace the verifier's own key
 * (GHSA-fx35-mq7g-6g98), is refused: only a certificate is read there.
 *
 * @throws FormatError
 */
export function decodeLegacyBundle(json: Uint8Array | string): LegacyBundle {
  const decoder = new ObjectDecoder(parseJson(json, format), format);
  const signature = decoder.bytes("base64Signature");
  const text = decoder.optionalString("cert");
  const certificate = text ? decodeCert(text) : undefined;
  const entry = decoder.optionalObject("rekorBundle");
  const rekor = entry && decodeRekor(entry);
  decoder.end();
  return { signature, ...(certificate ? { certificate } : {}), ...(rekor ? { rekor } : {}) };
}

/**
 * Writes a legacy bundle as cosign did: members in its order, no newline at the end.
 * @throws RangeError for a time or index of 2^53 or more, which has no JSON number
 */
export function encodeLegacyBundle(bundle: LegacyBundle): string {
  const { certificate, rekor } = bundle;
  const value: JsonObject = {
    base64Signature: encodeBase64(bundle.signature),
    ...(certificate === undefined
      ? {}
      : { cert: encodeBase64(utf8Bytes(encodePem("CERTIFICATE", certificate))) }),
    ...(rekor === undefined
      ? {}
      : {
          rekorBundle: {
            SignedEntryTimestamp: encodeBase64(rekor.signedEntryTimestamp),
            Payload: {
              body: encodeBase64(rekor.canonicalizedBody),
              integratedTime: jsonNumber(rekor.integratedTime),
              logIndex: jsonNumber(rekor.logIndex),
              logID: encodeHex(rekor.logId),
            },
          },
        }),
  };
  return JSON.stringify(value);
}

function decodeRekor(entry: ObjectDecoder): LegacyRekorEntry {
  const signedEntryTimestamp = entry.bytes("SignedEntryTimestamp");
  const payload = entry.object("Payload");
  entry.end();
  const canonicalizedBody = payload.bytes("body");
  // JSON numbers here, which only hold 2^53.
  const integratedTime = BigInt(payload.integer("integratedTime"));
  const logIndex = BigInt(payload.integer("logIndex"));
  const logId = decodeHex(payload.string("logID"), "rekorBundle.Payload.logID");
  if (logId.length !== 32) throw payload.error("out-of-range", "logID", "is not of 32 bytes");
  payload.end();
  return { signedEntryTimestamp, canonicalizedBody, integratedTime, logIndex, logId };
}

function jsonNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${value} exceeds 2^53`);
  return Number(value);
}

/** `cert` is PEM, or base64 of PEM, or (from image signing) base64 of DER. */
function decodeCert(text: string): Uint8Array {
  const bytes = text.startsWith("-----") ? undefined : decodeBase64(text, "cert");
  if (bytes?.[0] === 0x30) return requireCertificate(bytes);
  const blocks = decodePem(bytes ? decodeUtf8(bytes, "cert") : text);
  const other = blocks.find(({ label }) => label !== "CERTIFICATE");
  if (other) {
    const problem = `holds a ${other.label}, not a certificate`;
    throw new FormatError("unsupported", format, "cert", problem);
  }
  // A chain may follow the signer's certificate; nothing of it would be trusted.
  return requireCertificate((blocks[0] as { bytes: Uint8Array }).bytes);
}

/** The label of a PEM block is only a claim: the bytes must be a certificate. */
function requireCertificate(der: Uint8Array): Uint8Array {
  decodeCertificate(der);
  return der;
}
