// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { type Algorithm, encodePublicKeyPem, sha256 } from "@chancery/formats/crypto";
import { envelopeToJson } from "@chancery/formats/dsse";
import { encodeEntryBody, type LoggedVerifier } from "@chancery/formats/entry";
import type { JsonObject } from "@chancery/formats/json";
import { encodePem } from "@chancery/formats/pem";
import { SignError } from "../errors.ts";
import type { HttpOptions } from "../http/index.ts";
import { RekorV1Client } from "./rekor-v1.ts";
import { checkAnswer, type LoggableSignature, type SignatureLog } from "./signature-log.ts";

/**
 * A log that speaks Rekor's first API. Artifacts become a hashedrekord 0.0.1, envelopes a dsse
 * 0.0.1, as which the log gets the whole envelope and keeps its digests.
 *
 * @param url base URL of the log, without `/api`.
 * @throws SignError `malformed-service-url`
 */
export function rekorV1Log(url: string, http: HttpOptions = {}): SignatureLog {
  const client = new RekorV1Client(url, http);
  return {
    api: 1,
    url,
    checkAlgorithm,
    async add(signing) {
      const { proposal, body } = propose(signing);
      const { entry } = await client.create(proposal);
      checkAnswer(entry.entry, body, url);
      return entry.entry;
    },
  };
}

/** What Rekor v1 can check: see `hashedrekord` and `dsse` in its `pkg/types`. */
function checkAlgorithm(algorithm: Algorithm, content: "message" | "envelope"): void {
  const { scheme } = algorithm;
  if (scheme.kind === "rsa-pss") {
    throw unsupported(algorithm, "Rekor takes no RSA-PSS", "sign with PKCS#1 v1.5");
  }
  if (content === "message" && scheme.kind === "ed25519") {
    throw unsupported(
      algorithm,
      "the log checks signatures over digests, and pure Ed25519 has none",
      "use the algorithm ed25519-ph",
    );
  }
  if (content === "message") return;
  const checked = scheme.kind === "ed25519" || ("hash" in scheme && scheme.hash === "sha256");
  if (checked) return;
  throw unsupported(
    algorithm,
    "Rekor v1 checks envelopes with SHA-256 or pure Ed25519 only",
    "use a key of the curve P-256, or a Rekor v2 log",
  );
}

/** What is sent, and the leaf that the log must make of it. */
function propose(signing: LoggableSignature): {
  readonly proposal: JsonObject;
  readonly body: Uint8Array;
} {
  const { signature, verifier, content } = signing;
  const signatures = [{ signature, verifier }] as const;
  if (content.kind === "message") {
    const { hash, digest } = content;
    const claims = { signatures, content: { covers: "message", hash, digest } } as const;
    const body = encodeEntryBody("hashedrekord", "0.0.1", claims);
    return { proposal: JSON.parse(decodeUtf8(body)) as JsonObject, body };
  }
  const { envelope } = content;
  const text = JSON.stringify(envelopeToJson(envelope));
  const body = encodeEntryBody("dsse", "0.0.1", {
    signatures,
    content: { covers: "payload", hash: "sha256", digest: sha256(envelope.payload) },
    envelope: { sha256: sha256(utf8Bytes(text)) },
  });
  const proposedContent = { envelope: text, verifiers: [verifierPem(verifier)] };
  return { proposal: { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent } }, body };
}

function verifierPem(verifier: LoggedVerifier): string {
  const pem =
    verifier.kind === "certificate"
      ? encodePem("CERTIFICATE", verifier.certificate)
      : encodePublicKeyPem(verifier.key);
  return encodeBase64(utf8Bytes(pem));
}

function unsupported(algorithm: Algorithm, problem: string, hint: string): SignError {
  const name = algorithm.flag ?? algorithm.name;
  return new SignError("unsupported-algorithm", `${name} cannot be logged: ${problem}`, hint);
}
