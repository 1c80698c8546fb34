// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "@chancery/formats/bytes";
import {
  type Algorithm,
  algorithmFits,
  algorithms as registry,
  decodeSpki,
  type PublicKey,
} from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import type { JsonObject } from "@chancery/formats/json";
import { decodeCertificate } from "@chancery/formats/x509";
import { ServiceError } from "../../errors.ts";
import type { ProtoMessage } from "./proto-json.ts";
import { certificateVerifier, keyVerifier, type X509Verifier } from "./x509-verifier.ts";

/** Field names of `dev.sigstore.rekor.v2.Verifier`. */
export const verifierFields: readonly string[] = ["publicKey", "x509Certificate", "keyDetails"];

/** A key or certificate and what it signs with, as Rekor v2's requests have it. */
export interface VerifierV2 extends X509Verifier {
  readonly algorithm: Algorithm;
  /** The message as it is stored. */
  readonly stored: JsonObject;
}

/**
 * Reads a verifier. Its `keyDetails` must fit the key, which rekor-tiles does not check: clients
 * rebuild the entry from the key, so an entry with another label never verifies.
 *
 * @param policy the algorithms that this log takes.
 * @throws ServiceError `invalid`
 */
export function decodeVerifierV2(message: ProtoMessage, policy: readonly Algorithm[]): VerifierV2 {
  const keyMessage = message.message("publicKey", ["rawBytes"]);
  const certificateMessage = message.message("x509Certificate", ["rawBytes"]);
  if (keyMessage && certificateMessage) throw refused("oneof verifier is already set");
  if (!keyMessage && !certificateMessage) {
    throw refused("invalid verifier: missing signature public key or X.509 certificate");
  }
  const rawBytes = (keyMessage ?? (certificateMessage as ProtoMessage)).bytes("rawBytes");
  if (rawBytes.length === 0) {
    const what = keyMessage ? "public key" : "X.509 certificate";
    throw refused(`invalid verifier: missing ${what} raw bytes`);
  }
  const verifier = readVerifier(rawBytes, keyMessage !== undefined);
  const algorithm = readAlgorithm(message.enumeration("keyDetails"), verifier.key, policy);
  const field = keyMessage ? "publicKey" : "x509Certificate";
  const stored = {
    keyDetails: algorithm.name,
    [field]: { rawBytes: encodeBase64(rawBytes) },
  };
  return { ...verifier, algorithm, stored };
}

/** A refusal of what a v2 request holds. */
export function refused(problem: string, cause?: unknown): ServiceError {
  return new ServiceError("invalid", problem, cause === undefined ? {} : { cause });
}

function readVerifier(rawBytes: Uint8Array, bare: boolean): X509Verifier {
  try {
    return bare
      ? keyVerifier(decodeSpki(rawBytes))
      : certificateVerifier(decodeCertificate(rawBytes));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw refused(`parsing verifier: ${cause.message}`, cause);
  }
}

function readAlgorithm(
  keyDetails: string | number | undefined,
  key: PublicKey,
  policy: readonly Algorithm[],
): Algorithm {
  const algorithm = registry.find(
    ({ name, number }) => keyDetails === name || keyDetails === number,
  );
  if (!algorithm) {
    throw refused(`getting key algorithm details: unknown key details ${String(keyDetails)}`);
  }
  if (!policy.includes(algorithm)) {
    throw refused(`unsupported entry algorithm: ${algorithm.name} is not allowed in this log`);
  }
  if (!algorithmFits(algorithm, key)) {
    throw refused(`key details ${algorithm.name} do not fit the key`);
  }
  return algorithm;
}
