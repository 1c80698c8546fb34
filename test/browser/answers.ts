// SPDX-License-Identifier: Apache-2.0
// One case of the conformance suite put to the verification, the same in Node and in the page.
import { decodePublicKeyPem, sha256 } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import {
  artifactFromBytes,
  artifactFromDigest,
  type Evidence,
  type Policy,
  verify,
} from "@chancery/verify";

export interface Question {
  readonly bundle: Uint8Array;
  readonly artifact: Uint8Array;
  readonly trustedRoot: Uint8Array;
  readonly signer:
    | { readonly kind: "key"; readonly pem: string }
    | { readonly kind: "identity"; readonly identity: string; readonly issuer: string };
}

/** How the artifact is given. */
export type Form = "path" | "digest";

export type Answer =
  | Pick<Evidence, "verdict" | "reason" | "checks">
  | { readonly refusedKey: string };

/** Verifies; the answer can be written as JSON. */
export function answerOf({ bundle, artifact, trustedRoot, signer }: Question, form: Form): Answer {
  let expected: Policy["signer"];
  try {
    expected =
      signer.kind === "key"
        ? { kind: "key", key: decodePublicKeyPem(signer.pem) }
        : {
            kind: "identity",
            identity: { exact: signer.identity },
            issuer: { exact: signer.issuer },
          };
  } catch (error) {
    if (error instanceof FormatError) return { refusedKey: error.code };
    throw error;
  }
  const { verdict, reason, checks } = verify({
    bundle,
    artifact:
      form === "path"
        ? artifactFromBytes(artifact)
        : artifactFromDigest("sha256", sha256(artifact)),
    trustedRoot,
    policy: { signer: expected },
  });
  return { verdict, ...(reason === undefined ? {} : { reason }), checks };
}
