// SPDX-License-Identifier: Apache-2.0
// Answers of Fulcio with real certificates, as the service words them. What a service checks before
// it answers, this does not.
import { decodePublicKeyPem, type PublicKey } from "@chancery/formats/crypto";
import { encodePem } from "@chancery/formats/pem";
import { type TestInstance, testLeaf } from "../../../test/instance.ts";
import {
  type FulcioLeafOptions,
  testKey,
  type TestKey,
} from "../../formats/test/certificate-builder.ts";

/** A leaf over the key of a request, in DER, and the chain above it. */
export function certificates(
  instance: TestInstance,
  requested: any,
  options: Partial<FulcioLeafOptions> = {},
): Uint8Array[] {
  const publicKey = decodePublicKeyPem(requested.publicKeyRequest.publicKey.content);
  const leaf = testLeaf(instance, { key: publicHalf(publicKey), ...options });
  return [leaf.der, instance.intermediate.der, instance.root.der];
}

/** A key of which only the public half is known: it can be certified, and signs nothing. */
function publicHalf(publicKey: PublicKey): TestKey {
  return { ...testKey(), publicKey };
}

/** The answer of version 2, with the chain in PEM without line ends. */
export function embedded(chain: readonly Uint8Array[]): any {
  return { signedCertificateEmbeddedSct: { chain: { certificates: chain.map(pem) } } };
}

export function detached(chain: readonly Uint8Array[], sct: string): any {
  const certificates = chain.map(pem);
  const value = { chain: { certificates }, signedCertificateTimestamp: sct };
  return { signedCertificateDetachedSct: value };
}

function pem(der: Uint8Array): string {
  return encodePem("CERTIFICATE", der).trimEnd();
}
