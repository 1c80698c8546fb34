// SPDX-License-Identifier: Apache-2.0

/** Dead Simple Signing Envelope: the JSON form and the bytes that are signed. Verifies nothing. */
export {
  decodeEnvelope,
  type Envelope,
  type EnvelopeSignature,
  envelopeToJson,
  inTotoPayloadType,
  preAuthenticationEncoding,
} from "./envelope.ts";
