// SPDX-License-Identifier: Apache-2.0
import { all, base64, object, string } from "./json-schema.ts";
import { type ApiSection, array, body, ok, ref, text } from "./document.ts";

const tags = ["Fulcio"];
const refused = ok("A refusal, with a reason for programs", ref("FulcioStatus"));
const pem = "application/pem-certificate-chain";

/** The API of the certificate authority, v2 and the legacy one. */
export const fulcioSection: ApiSection = {
  service: "fulcio",
  tag: {
    name: "Fulcio",
    description: `The API of Fulcio: an identity token becomes a certificate of some minutes, which \
is in the log of certificates before it leaves. The token goes into the body, or into the header \
\`Authorization: Bearer …\`.

What is certified is a public key, with a signature over the token's \`email\` or \`sub\` that proves \
its possession, or a certificate request that holds the same as its challenge password.

A refusal says why in \`details\`, and in the header \`Chancery-Reason\`.`,
  },
  paths: {
    "/api/v2/signingCert": {
      post: {
        operationId: "createSigningCertificate",
        summary: "Certifies a key for the identity of a token",
        tags,
        requestBody: body(ref("CreateSigningCertificateRequest")),
        responses: {
          200: ok("The chain, leaf first", ref("SigningCertificate")),
          default: refused,
        },
      },
    },
    "/api/v2/trustBundle": {
      get: {
        operationId: "getTrustBundle",
        summary: "The authority's chains, those of former keys too",
        tags,
        responses: {
          200: ok("The issuing one first", all({ chains: array(ref("CertificateChain")) })),
          default: refused,
        },
      },
    },
    "/api/v2/configuration": {
      get: {
        operationId: "getConfiguration",
        summary: "Whose tokens are taken, and for which audience",
        tags,
        responses: {
          200: ok("The issuers", all({ issuers: array({ type: "object" }) })),
          default: refused,
        },
      },
    },
    "/api/v1/signingCert": {
      post: {
        operationId: "createSigningCertificateV1",
        summary: "The same for clients of old, which send the token in the header",
        tags,
        requestBody: body(ref("LegacySigningRequest")),
        responses: { 201: text("The chain in PEM, leaf first", pem), default: refused },
      },
    },
    "/api/v1/rootCert": {
      get: {
        operationId: "getRootCertificates",
        summary: "The authority's chains in PEM",
        tags,
        responses: { 200: text("Certificates", pem), default: refused },
      },
    },
  },
  schemas: {
    CreateSigningCertificateRequest: object({
      credentials: object({ oidcIdentityToken: string }),
      publicKeyRequest: object({
        publicKey: object({ algorithm: string, content: string }),
        proofOfPossession: base64,
      }),
      certificateSigningRequest: base64,
    }),
    LegacySigningRequest: object({
      publicKey: object({ algorithm: string, content: base64 }),
      signedEmailAddress: base64,
      certificateSigningRequest: base64,
    }),
    CertificateChain: all({ certificates: array(string) }),
    SigningCertificate: object({
      signedCertificateEmbeddedSct: all({ chain: ref("CertificateChain") }),
      signedCertificateDetachedSct: object({
        chain: ref("CertificateChain"),
        signedCertificateTimestamp: string,
      }),
    }),
    FulcioStatus: object(
      {
        code: { type: "integer" },
        message: string,
        details: array(
          object({
            "@type": string,
            reason: string,
            domain: string,
            metadata: { type: "object", additionalProperties: string },
          }),
        ),
      },
      ["code", "message"],
    ),
  },
};
