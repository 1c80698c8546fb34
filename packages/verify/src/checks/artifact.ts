// SPDX-License-Identifier: Apache-2.0
import type { Bundle, MessageDigest } from "@chancery/formats/bundle";
import { bytesEqual, encodeHex } from "@chancery/formats/bytes";
import type { HashName } from "@chancery/formats/crypto";
import { inTotoPayloadType } from "@chancery/formats/dsse";
import { hashOfOutputName } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { decodeStatement, matchingSubjects, type Statement } from "@chancery/formats/statement";
import type { ArtifactDigests } from "../artifact.ts";
import type { EvidenceBuilder } from "../evidence.ts";

/**
 * That the artifact given is the one signed: for a message signature the digest that the bundle
 * mentions, for an attestation its subjects and its type.
 */
export function checkArtifact(
  content: Bundle["content"],
  artifact: ArtifactDigests | undefined,
  predicateType: string | undefined,
  evidence: EvidenceBuilder,
): void {
  if (content.kind === "message") checkMessage(content.message.messageDigest, artifact, evidence);
  else checkStatement(content.envelope, artifact, predicateType, evidence);
}

function checkMessage(
  hint: MessageDigest | undefined,
  artifact: ArtifactDigests | undefined,
  evidence: EvidenceBuilder,
): void {
  if (!artifact) {
    return evidence.fail("artifact", "artifact-missing", "no artifact was given");
  }
  if (!hint) {
    return evidence.pass("artifact", "the signature alone says which artifact was signed");
  }
  const name = hashOfOutputName(hint.algorithm);
  const mentioned = `the bundle mentions a ${hint.algorithm} digest`;
  if (!name) {
    const message = `${mentioned}, which no signature here is over`;
    return evidence.fail("artifact", "artifact-digest-unavailable", message);
  }
  const actual = artifact.get(name);
  if (!actual) {
    // The hint is unauthenticated and the signature check stands on its own.
    const message = `${mentioned}, which is not at hand`;
    return evidence.skip("artifact", "artifact-digest-unavailable", message);
  }
  const values = { algorithm: name, actual: encodeHex(actual), bundle: encodeHex(hint.digest) };
  if (bytesEqual(actual, hint.digest)) {
    return evidence.pass("artifact", "the bundle is of this artifact", values);
  }
  evidence.fail(
    "artifact",
    "artifact-digest-mismatch",
    "the bundle is of another artifact",
    values,
  );
}

function checkStatement(
  envelope: { readonly payloadType: string; readonly payload: Uint8Array },
  artifact: ArtifactDigests | undefined,
  predicateType: string | undefined,
  evidence: EvidenceBuilder,
): void {
  if (envelope.payloadType !== inTotoPayloadType) {
    return evidence.fail(
      "artifact",
      "payload-type-unsupported",
      "the envelope's payload is not an in-toto Statement",
      { payloadType: envelope.payloadType },
    );
  }
  let statement: Statement;
  try {
    statement = decodeStatement(envelope.payload);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    return evidence.fail("artifact", "statement-malformed", cause.message);
  }
  evidence.statement = statement;
  if (predicateType !== undefined && predicateType !== statement.predicateType) {
    return evidence.fail(
      "artifact",
      "predicate-type-mismatch",
      "the attestation is of another type",
      {
        attestation: statement.predicateType,
        policy: predicateType,
      },
    );
  }
  if (!artifact) {
    return evidence.skip("artifact", "not-required", "no artifact was given to compare");
  }
  const known: HashName[] = ["sha256", "sha384", "sha512"];
  const wanted = known.filter((name) => statement.subjects.some(({ digest }) => name in digest));
  const digests = artifact.select(wanted);
  const [subject] = matchingSubjects(statement, digests);
  if (subject) {
    return evidence.pass("artifact", "the attestation is about this artifact", {
      subject: subject.name ?? "",
      ...hexDigests(digests),
    });
  }
  if (Object.keys(digests).length === 0) {
    const message = "no subject has a digest of the kind that is at hand";
    return evidence.fail("artifact", "artifact-digest-unavailable", message);
  }
  evidence.fail("artifact", "artifact-not-a-subject", "the attestation is about other artifacts", {
    subjects: statement.subjects
      .slice(0, 5)
      .map(({ name }) => name ?? "(unnamed)")
      .join(", "),
    ...hexDigests(digests),
  });
}

function hexDigests(digests: Readonly<Partial<Record<HashName, Uint8Array>>>) {
  return Object.fromEntries(Object.entries(digests).map(([name, d]) => [name, encodeHex(d)]));
}
