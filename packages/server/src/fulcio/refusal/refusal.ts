// SPDX-License-Identifier: Apache-2.0
import { ServiceError, type ServiceErrorCode } from "../../errors.ts";
import { type TokenError, type TokenErrorCode, tokenErrorText } from "../claims/index.ts";

/** Codes of gRPC that are used, and the HTTP statuses that grpc-gateway makes of them. */
export const grpcCodes: Readonly<Record<GrpcName, GrpcCode>> = {
  invalidArgument: { number: 3, status: 400, code: "invalid" },
  notFound: { number: 5, status: 404, code: "not-found" },
  unimplemented: { number: 12, status: 501, code: "disabled" },
  internal: { number: 13, status: 500, code: "internal" },
  unavailable: { number: 14, status: 503, code: "unavailable" },
};

type GrpcName = "invalidArgument" | "notFound" | "unimplemented" | "internal" | "unavailable";

/** A code of gRPC, and what HTTP and the services here call it. */
export interface GrpcCode {
  readonly number: number;
  /** Of HTTP. */
  readonly status: number;
  readonly code: ServiceErrorCode;
}

/** Every refusal that is not the token's: what Fulcio says of it, and what to do. */
const refusals: Readonly<Record<FulcioRefusalCode, RefusalText>> = {
  "request-malformed": {
    grpc: "invalidArgument",
    text: "The request could not be parsed",
    advice: "send one JSON object with the fields of the API, in base64 where it says bytes",
  },
  "key-malformed": {
    grpc: "invalidArgument",
    text: "The public key supplied in the request could not be parsed",
    advice: "send the public key in PEM, as PUBLIC KEY or RSA PUBLIC KEY",
  },
  "key-insecure": {
    grpc: "invalidArgument",
    text: "The public key supplied in the request is insecure",
    advice: "use ECDSA on P-256, P-384 or P-521, RSA of 2048, 3072 or 4096 bits, or Ed25519",
  },
  "proof-invalid": {
    grpc: "invalidArgument",
    text: "The signature supplied in the request could not be verified",
    advice: "sign the token's email claim, or sub where it has none, with the key to be certified",
  },
  "algorithm-not-allowed": {
    grpc: "invalidArgument",
    text: "signing algorithm not permitted",
    advice: "use a key and hash that this service allows",
  },
  "csr-malformed": {
    grpc: "invalidArgument",
    text: "The certificate signing request could not be parsed",
    advice: "send one PKCS #10 request in PEM, and that in base64",
  },
  "csr-algorithm": {
    grpc: "invalidArgument",
    text: "unrecognized signature algorithm",
    advice: "sign the request with ECDSA, RSA PKCS #1 v1.5 or Ed25519, and not with SHA-1",
  },
  "csr-for-ca": {
    grpc: "invalidArgument",
    text: "The certificate signing request asks for a CA certificate",
    advice: "leave CA:TRUE and keyCertSign out of the request: only leaves are issued here",
  },
  "csr-names-another": {
    grpc: "invalidArgument",
    text: "The certificate signing request names another identity than the token",
    advice: "make the request anew for the identity of the token, or without any name",
  },
  "csr-unbound": {
    grpc: "invalidArgument",
    text: "The certificate signing request is not bound to the identity of the token",
    advice: "put the token's email claim, or sub, into the request as its challengePassword",
  },
  "csr-not-accepted": {
    grpc: "invalidArgument",
    text: "Certificate signing requests are not accepted for this issuer",
    advice: "send a public key and a proof of possession",
  },
  "identity-not-writable": {
    grpc: "invalidArgument",
    text: "the identity of the token cannot be written into a certificate",
    advice: "have the issuer give the claims values that can be certified",
  },
  "ct-refused": {
    grpc: "internal",
    text: "Error entering certificate in CTL",
    advice: "tell whoever runs this service: its log of certificates refuses them",
  },
  "ct-unavailable": {
    grpc: "unavailable",
    text: "Error entering certificate in CTL",
    advice: "try again after a moment",
  },
  "ca-failed": {
    grpc: "internal",
    text: "error communicating with CA backend",
    advice: "tell whoever runs this service",
  },
};

interface RefusalText {
  readonly grpc: GrpcName;
  readonly text: string;
  readonly advice: string;
}

/** Why a certificate is not issued, apart from the token. Stable. */
export type FulcioRefusalCode =
  | "request-malformed"
  | "key-malformed"
  | "key-insecure"
  | "proof-invalid"
  | "algorithm-not-allowed"
  | "csr-malformed"
  | "csr-algorithm"
  | "csr-for-ca"
  | "csr-names-another"
  | "csr-unbound"
  | "csr-not-accepted"
  | "identity-not-writable"
  | "ct-refused"
  | "ct-unavailable"
  | "ca-failed";

/** Beside the words of a refusal, for programs: ErrorInfo of google.rpc. */
export interface ErrorInfo {
  /** In upper case with underscores; of a token's fault with `TOKEN_` before it. */
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Whose reasons they are. */
const domain = "fulcio.chancery";
/** Seconds after which something that was temporary may be tried again. */
const retryAfter = { "retry-after": "1" };

export interface FulcioRefusalOptions extends ErrorOptions {
  /** What is told beyond the text of the code. Never a secret. */
  readonly detail?: string;
  /** Stands in for the text of the code. */
  readonly text?: string;
}

/** A request that gets no certificate, as HTTP and gRPC say it. */
export class FulcioRefusal extends ServiceError {
  /** Of gRPC. */
  readonly grpcCode: number;
  readonly info: ErrorInfo;

  constructor(grpc: GrpcCode, message: string, info: ErrorInfo, options?: ErrorOptions) {
    const headers = grpc === grpcCodes.unavailable ? retryAfter : {};
    super(grpc.code, message, { ...options, status: grpc.status, headers });
    this.grpcCode = grpc.number;
    this.info = info;
  }
}

/** A refusal by its code. */
export function refusal(
  code: FulcioRefusalCode,
  options: FulcioRefusalOptions = {},
): FulcioRefusal {
  const { grpc, text, advice } = refusals[code];
  const { detail, cause } = options;
  const metadata = { code, ...(detail !== undefined && { detail }), advice };
  const info = { reason: reasonOf(code), domain, metadata };
  const message = options.text ?? text;
  return new FulcioRefusal(grpcCodes[grpc], message, info, cause === undefined ? {} : { cause });
}

/**
 * The refusal of a token. All faults of tokens have one text and status, as with Fulcio: clients
 * match on both. The reason goes beside it.
 */
export function tokenRefusal(error: TokenError): FulcioRefusal {
  const { code, claim, message, advice } = error;
  const metadata = { code, ...(claim !== undefined && { claim }), detail: message, advice };
  const info = { reason: `TOKEN_${reasonOf(code)}`, domain, metadata };
  return new FulcioRefusal(grpcCodes.invalidArgument, error.wireText, info, { cause: error });
}

/** The refusal of a request that brings no token. */
export function tokenMissing(): FulcioRefusal {
  const advice = "send it as credentials.oidcIdentityToken, or as Authorization: Bearer …";
  const metadata = { code: "missing", detail: "there is no identity token", advice };
  const info = { reason: "TOKEN_MISSING", domain, metadata };
  return new FulcioRefusal(grpcCodes.invalidArgument, tokenErrorText, info);
}

function reasonOf(code: FulcioRefusalCode | TokenErrorCode): string {
  return code.replaceAll("-", "_").toUpperCase();
}
