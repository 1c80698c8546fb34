// SPDX-License-Identifier: Apache-2.0
import { concatBytes, utf8Bytes } from "@chancery/formats/bytes";
import { requestedKey, type SigningRequest } from "../api/index.ts";
import type { IssuedCertificate } from "../certificate/index.ts";
import type { AdvertisedIssuer } from "../config/index.ts";
import type { ErrorInfo } from "../refusal/index.ts";
import { field, member, Message, numberField } from "./protobuf.ts";

// Messages of dev.sigstore.fulcio.v2 and v1beta, google.api.HttpBody, google.rpc and
// grpc.health.v1, with the numbers of their fields.

/**
 * v2 CreateSigningCertificateRequest:
 * 1 credentials { 1 oidc_identity_token }, and one of
 * 2 public_key_request { 1 public_key { 1 algorithm, 2 content }, 2 proof_of_possession },
 * 3 certificate_signing_request.
 *
 * @param metadata the token of the call's metadata, which the message's goes before.
 * @throws FormatError
 */
export function readCreateRequest(bytes: Uint8Array, metadata: string | undefined): SigningRequest {
  const request = new Message(bytes);
  const token = request.message(1)?.text(1) ?? "";
  const isCsr = request.oneOf(2, 3) === 3;
  const withProof = isCsr ? undefined : request.message(2);
  const content = withProof?.message(1)?.text(2) ?? "";
  const csr = isCsr ? request.bytes(3) : undefined;
  return {
    token: token === "" ? metadata : token,
    key: requestedKey(csr, utf8Bytes(content), withProof?.bytes(2)),
  };
}

/**
 * v1beta CreateSigningCertificateRequest: 1 public_key { 1 algorithm, 2 content },
 * 2 signed_email_address, 3 certificate_signing_request.
 * @throws FormatError
 */
export function readLegacyCreateRequest(
  bytes: Uint8Array,
  token: string | undefined,
): SigningRequest {
  const request = new Message(bytes);
  const publicKey = request.message(1)?.bytes(2);
  return { token, key: requestedKey(request.bytes(3), publicKey, request.bytes(2)) };
}

/**
 * SigningCertificate: one of 1 detached { 1 chain, 2 signed_certificate_timestamp },
 * 2 embedded { 1 chain }.
 */
export function writeSigningCertificate({ chainPem, isLogged }: IssuedCertificate): Uint8Array {
  return member(isLogged ? 2 : 1, member(1, writeChain(chainPem)));
}

/** TrustBundle: 1 chains, each 1 certificates. */
export function writeTrustBundle(chains: readonly (readonly string[])[]): Uint8Array {
  return concatBytes(...chains.map((chain) => member(1, writeChain(chain))));
}

function writeChain(certificates: readonly string[]): Uint8Array {
  return concatBytes(...certificates.map((pem) => member(1, pem)));
}

/** Configuration: 1 issuers, OIDCIssuer with one of 1 and 2, and 3 to 8. */
export function writeConfiguration(issuers: readonly AdvertisedIssuer[]): Uint8Array {
  return concatBytes(...issuers.map((issuer) => member(1, writeIssuer(issuer))));
}

function writeIssuer(issuer: AdvertisedIssuer): Uint8Array {
  const { issuerUrl, wildcardIssuerUrl = "" } = issuer;
  return concatBytes(
    issuerUrl === undefined ? member(2, wildcardIssuerUrl) : member(1, issuerUrl),
    field(3, issuer.audience),
    field(4, issuer.challengeClaim),
    field(5, issuer.spiffeTrustDomain),
    field(6, issuer.issuerType),
    field(7, issuer.subjectDomain),
    numberField(8, issuer.skipEmailVerification ? 1 : 0),
  );
}

/** HttpBody: 1 content_type, 2 data. */
export function writePemBody(pem: string): Uint8Array {
  return concatBytes(field(1, "application/pem-certificate-chain"), field(2, pem));
}

/** HealthCheckResponse: 1 status, of which 1 is SERVING. */
export function writeServing(): Uint8Array {
  return numberField(1, 1);
}

/**
 * google.rpc.Status: 1 code, 2 message, 3 details: Any { 1 type_url, 2 value } of ErrorInfo
 * { 1 reason, 2 domain, 3 metadata { 1 key, 2 value } }. Goes with an error as the metadata
 * `grpc-status-details-bin`.
 */
export function writeStatus(code: number, message: string, info: ErrorInfo): Uint8Array {
  const errorInfo = concatBytes(
    field(1, info.reason),
    field(2, info.domain),
    ...Object.entries(info.metadata).map(([key, value]) =>
      member(3, concatBytes(field(1, key), field(2, value))),
    ),
  );
  const type = "type.googleapis.com/google.rpc.ErrorInfo";
  const detail = concatBytes(field(1, type), field(2, errorInfo));
  return concatBytes(numberField(1, code), field(2, message), member(3, detail));
}
