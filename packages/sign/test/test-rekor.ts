// SPDX-License-Identifier: Apache-2.0
// Answers of Rekor, v1 and v2, with real promises, proofs and checkpoints, as the services word
// them. What a service checks before it answers, these do not.
import { sha256 } from "@chancery/formats/crypto";
import { encodeBase64, encodeHex, decodeBase64 } from "@chancery/formats/bytes";
import { canonicalizeJcs } from "@chancery/formats/json";
import { leafHash } from "@chancery/formats/merkle";
import {
  type LoggedSigning,
  rekorV1,
  rekorV2,
  type TestEntryOptions,
  type TestLog,
  testLogEntry,
} from "../../../test/instance-log.ts";

export const log1: TestLog = rekorV1("rekor.test");
export const log2: TestLog = rekorV2("log2030.rekor.test");
export const treeIdHex = "108e9186e8c5677a";

const nothing: LoggedSigning = {
  content: "message",
  signature: new Uint8Array(1),
  spki: new Uint8Array(1),
  keyDetails: "PKIX_ECDSA_P256_SHA_256",
  message: new Uint8Array(1),
  payload: new Uint8Array(0),
  payloadType: "",
};

/** The leaf that Rekor v1 makes of a proposal: of hashedrekord what was sent, of dsse digests. */
export function leafOfProposal(proposal: any): Uint8Array {
  const { apiVersion, kind, spec } = proposal;
  const utf8 = new TextEncoder();
  if (kind !== "dsse") return utf8.encode(canonicalizeJcs({ apiVersion, kind, spec }));
  const { envelope, verifiers } = spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope);
  const hash = (bytes: Uint8Array) => ({ algorithm: "sha256", value: encodeHex(sha256(bytes)) });
  const stored = {
    envelopeHash: hash(utf8.encode(envelope)),
    payloadHash: hash(decodeBase64(payload)),
    signatures: signatures.map(({ sig }: any) => ({ signature: sig, verifier: verifiers[0] })),
  };
  return utf8.encode(canonicalizeJcs({ apiVersion, kind, spec: stored }));
}

/** The leaf that Rekor v2 makes of a request. */
export function leafOfRequest(request: any): Uint8Array {
  const { digest, signature } = request.hashedRekordRequestV002;
  const algorithm = { 32: "SHA2_256", 48: "SHA2_384", 64: "SHA2_512" }[decodeBase64(digest).length];
  const hashedRekordV002 = { data: { algorithm: algorithm ?? "", digest }, signature };
  const body = { apiVersion: "0.0.2", kind: "hashedrekord", spec: { hashedRekordV002 } };
  return new TextEncoder().encode(canonicalizeJcs(body));
}

/** `LogEntry` of Rekor v1 and its id. */
export function answerV1(
  leaf: Uint8Array,
  options: Partial<TestEntryOptions> = {},
): { id: string; value: any } {
  const entry = testLogEntry(nothing, { log: log1, body: () => leaf, ...options });
  const { inclusionProof: proof } = entry;
  const hex = (base64: string): string => encodeHex(decodeBase64(base64));
  const id = treeIdHex + encodeHex(leafHash(decodeBase64(entry.canonicalizedBody)));
  const value = {
    body: entry.canonicalizedBody,
    integratedTime: Number(entry.integratedTime),
    logID: hex(entry.logId.keyId),
    logIndex: Number(entry.logIndex),
    verification: {
      inclusionProof: {
        checkpoint: proof.checkpoint.envelope,
        hashes: proof.hashes.map(hex),
        logIndex: Number(proof.logIndex),
        rootHash: hex(proof.rootHash),
        treeSize: Number(proof.treeSize),
      },
      signedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
    },
  };
  return { id, value };
}

/** `TransparencyLogEntry` of Rekor v2, all fields emitted. */
export function answerV2(leaf: Uint8Array, options: Partial<TestEntryOptions> = {}): any {
  const entry = testLogEntry(nothing, { log: log2, body: () => leaf, ...options });
  return {
    ...entry,
    kindVersion: { kind: "hashedrekord", version: "0.0.2" },
    integratedTime: "0",
    inclusionPromise: null,
    canonicalizedBody: encodeBase64(leaf),
  };
}
