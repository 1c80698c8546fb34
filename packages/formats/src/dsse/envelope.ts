// SPDX-License-Identifier: Apache-2.0
import { concatBytes, encodeBase64, utf8Bytes } from "../bytes/index.ts";
import { type JsonValue, ObjectDecoder } from "../json/index.ts";

/** Payload type of in-toto Statements. */
export const inTotoPayloadType = "application/vnd.in-toto+json";

export interface EnvelopeSignature {
  readonly sig: Uint8Array;
  /** Unauthenticated hint; absent and empty mean the same. */
  readonly keyid?: string;
}

/** A DSSE envelope (secure-systems-lab/dsse `envelope.md`). */
export interface Envelope {
  /** The payload's bytes as they were signed: never re-serialise them. */
  readonly payload: Uint8Array;
  readonly payloadType: string;
  readonly signatures: readonly EnvelopeSignature[];
}

/** Signatures read of one envelope; Sigstore bundles hold exactly one. */
const signaturesMax = 32;

/**
 * What a DSSE signature covers: `DSSEv1 <length> <type> <length> <payload>`, lengths in bytes
 * (DSSE `protocol.md`).
 */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8Bytes(payloadType);
  return concatBytes(
    utf8Bytes(`DSSEv1 ${type.length} `),
    type,
    utf8Bytes(` ${payload.length} `),
    payload,
  );
}

/**
 * Reads an envelope in its JSON form. Standard base64 only, as every Sigstore client emits.
 * @throws FormatError; `missing-field` where there is no signature or an empty one.
 */
export function decodeEnvelope(value: JsonValue | ObjectDecoder, format = "envelope"): Envelope {
  const decoder = value instanceof ObjectDecoder ? value : new ObjectDecoder(value, format);
  const payload = decoder.bytes("payload");
  const payloadType = decoder.string("payloadType");
  if (payloadType === "") throw decoder.error("missing-field", "payloadType", "is empty");
  const signatures = decoder.objects("signatures", signaturesMax).map((signature) => {
    const sig = signature.bytes("sig");
    const keyid = signature.optionalString("keyid");
    signature.end();
    return { sig, ...(keyid ? { keyid } : {}) };
  });
  if (signatures.length === 0) {
    throw decoder.error("missing-field", "signatures", "holds no signature");
  }
  decoder.end();
  return { payload, payloadType, signatures };
}

/** The JSON form, members in the order that Go's encoder writes. */
export function envelopeToJson(envelope: Envelope): JsonValue {
  return {
    payload: encodeBase64(envelope.payload),
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ sig, keyid }) => ({
      sig: encodeBase64(sig),
      ...(keyid === undefined ? {} : { keyid }),
    })),
  };
}
