// SPDX-License-Identifier: Apache-2.0
import { decodeEnvelope, type Envelope, inTotoPayloadType } from "../dsse/index.ts";
import type { ObjectDecoder } from "../json/index.ts";
import { decodeStatement, type StatementSubject } from "../statement/index.ts";
import type { Problems } from "./problems.ts";

/** What was signed, as far as the bundle says it. */
export type ContentInspection =
  | {
      readonly kind: "message";
      readonly digestAlgorithm?: string;
      readonly digest?: Uint8Array;
      readonly signatureSizeBytes?: number;
    }
  | {
      readonly kind: "envelope";
      readonly payloadType: string;
      readonly payloadSizeBytes: number;
      readonly signatureCount: number;
      readonly statement?: {
        readonly type: string;
        readonly predicateType: string;
        readonly subjects: readonly StatementSubject[];
      };
    };

/** @param bundle whose `dsseEnvelope` or else `messageSignature` is looked into. */
export function inspectContent(
  bundle: ObjectDecoder,
  problems: Problems,
): ContentInspection | undefined {
  if (bundle.has("dsseEnvelope")) {
    const envelope = problems.attempt("dsseEnvelope", () =>
      decodeEnvelope(bundle.object("dsseEnvelope")),
    );
    return envelope && inspectEnvelope(envelope, "dsseEnvelope.payload", problems);
  }
  const message = problems.attempt("messageSignature", () =>
    bundle.optionalObject("messageSignature"),
  );
  if (!message) return undefined;
  const hint = problems.attempt("messageSignature", () => message.optionalObject("messageDigest"));
  const algorithm = hint && problems.attempt("", () => hint.optionalString("algorithm"));
  const digest = hint && problems.attempt("", () => hint.optionalBytes("digest"));
  const signature = problems.attempt("", () => message.bytes("signature"));
  return {
    kind: "message",
    ...(algorithm === undefined ? {} : { digestAlgorithm: algorithm }),
    ...(digest ? { digest } : {}),
    ...(signature ? { signatureSizeBytes: signature.length } : {}),
  };
}

export function inspectEnvelope(
  envelope: Envelope,
  place: string,
  problems: Problems,
): ContentInspection {
  const { payload, payloadType, signatures } = envelope;
  const statement =
    payloadType === inTotoPayloadType
      ? problems.attempt(place, () => decodeStatement(payload))
      : undefined;
  return {
    kind: "envelope",
    payloadType,
    payloadSizeBytes: payload.length,
    signatureCount: signatures.length,
    ...(statement
      ? {
          statement: {
            type: statement.type,
            predicateType: statement.predicateType,
            subjects: statement.subjects,
          },
        }
      : {}),
  };
}
