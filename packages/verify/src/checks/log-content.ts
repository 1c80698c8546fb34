// SPDX-License-Identifier: Apache-2.0
import type { Bundle } from "@chancery/formats/bundle";
import { bytesEqual, encodeBase64, encodeHex } from "@chancery/formats/bytes";
import {
  algorithmFits,
  hash,
  type HashName,
  type PublicKey,
  schemeHash,
} from "@chancery/formats/crypto";
import {
  decodeEntryBody,
  encodeEntryBody,
  type EntryClaims,
  type LoggedVerifier,
  verifiersEqual,
} from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import type { EvidenceBuilder } from "../evidence.ts";
import type { ReasonCode } from "../reasons.ts";
import type { CheckedLogEntry } from "./log-entries.ts";

/** What the bundle states, to be found again in each entry. */
export interface SignedContent {
  readonly signature: Uint8Array;
  readonly verifier: LoggedVerifier;
  readonly key: PublicKey;
  readonly content: Bundle["content"];
  /** Digest of what the signature covers, undefined where it cannot be computed. */
  readonly messageDigest: (name: HashName) => Uint8Array | undefined;
}

/**
 * Step 7: what the log stored is what the bundle holds: the same signature, under the same
 * certificate or key, over the same content. Without it a genuine entry could be transplanted from
 * another signing.
 *
 * @returns what the entry claims, when all of it is the bundle's.
 */
export function checkLogContent(
  { entry, about }: CheckedLogEntry,
  signed: SignedContent,
  evidence: EvidenceBuilder,
): EntryClaims | undefined {
  const result = compare(entry, signed);
  if ("code" in result) {
    return evidence.fail("log-content", result.code, result.message, result.values, about);
  }
  const kind = `${entry.kind} ${entry.kindVersion}`;
  evidence.pass("log-content", "the entry is of this signature", { kind }, about);
  return result;
}

interface Problem {
  readonly code: ReasonCode;
  readonly message: string;
  readonly values?: Readonly<Record<string, string>>;
}

function compare(entry: CheckedLogEntry["entry"], signed: SignedContent): Problem | EntryClaims {
  let body: ReturnType<typeof decodeEntryBody>;
  try {
    body = decodeEntryBody(entry.canonicalizedBody);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    return { code: "log-entry-malformed", message: cause.message };
  }
  const { kind, version, claims } = body;
  if (kind !== entry.kind || version !== entry.kindVersion) {
    return {
      code: "log-entry-kind-mismatch",
      message: "the bundle and the entry's body differ in the kind of the entry",
      values: { bundle: `${entry.kind} ${entry.kindVersion}`, body: `${kind} ${version}` },
    };
  }
  const problem =
    compareSignature(claims, signed) ??
    compareAlgorithm(claims, signed) ??
    compareDigest(claims, signed);
  if (problem) return problem;
  // Rekor v2 stores nothing that the bundle lacks: its body can be rebuilt, byte for byte.
  const rebuilt = claims.content.algorithm === undefined || encodeEntryBody(kind, version, claims);
  if (rebuilt === true || bytesEqual(rebuilt, entry.canonicalizedBody)) return claims;
  return {
    code: "log-entry-not-canonical",
    message: "the body says the same in other bytes than the log writes",
  };
}

function compareSignature(claims: EntryClaims, signed: SignedContent): Problem | undefined {
  const [{ signature, verifier }, ...others] = claims.signatures;
  if (others.length > 0 || !bytesEqual(signature, signed.signature)) {
    return {
      code: "log-entry-signature-mismatch",
      message: "the entry is of another signature",
      values: {
        bundle: encodeBase64(signed.signature),
        entry: claims.signatures.map((item) => encodeBase64(item.signature)).join(", "),
      },
    };
  }
  if (!verifiersEqual(verifier, signed.verifier)) {
    return {
      code: "log-entry-verifier-mismatch",
      message: "the entry is of another certificate or key",
      values: { bundle: describe(signed.verifier), entry: describe(verifier) },
    };
  }
  return undefined;
}

/** Rekor v2 entries name the algorithm, which then decides how the signature is verified. */
function compareAlgorithm(
  { content: { algorithm, covers, hash: name } }: EntryClaims,
  { key }: SignedContent,
): Problem | undefined {
  if (algorithm === undefined) return undefined;
  const digestFits = covers === "payload" || schemeHash(algorithm.scheme) === name;
  if (digestFits && algorithmFits(algorithm, key)) return undefined;
  return {
    code: "log-entry-algorithm-mismatch",
    message: "the entry's algorithm does not go with its key or its digest",
    values: { algorithm: algorithm.name, digest: name },
  };
}

function compareDigest(claims: EntryClaims, signed: SignedContent): Problem | undefined {
  const { covers, hash: name, digest } = claims.content;
  let actual: Uint8Array | undefined;
  if (covers === "message") actual = signed.messageDigest(name);
  else if (signed.content.kind === "envelope") actual = hash(name, signed.content.envelope.payload);
  else {
    return {
      code: "log-entry-kind-mismatch",
      message: "the entry is of an envelope, the bundle holds a message signature",
    };
  }
  if (actual === undefined) {
    return {
      code: "log-entry-digest-unavailable",
      message: `the entry holds the artifact's ${name}, which is not at hand`,
    };
  }
  if (bytesEqual(actual, digest)) return undefined;
  return {
    code: "log-entry-digest-mismatch",
    message: `the entry is of another ${covers === "payload" ? "payload" : "artifact"}`,
    values: { algorithm: name, actual: encodeHex(actual), entry: encodeHex(digest) },
  };
}

function describe(verifier: LoggedVerifier): string {
  const bytes = verifier.kind === "certificate" ? verifier.certificate : verifier.key.spki;
  return `${verifier.kind} sha256:${encodeHex(hash("sha256", bytes))}`;
}
