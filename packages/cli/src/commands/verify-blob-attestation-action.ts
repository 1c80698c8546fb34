// SPDX-License-Identifier: Apache-2.0
import { decodeHex } from "@chancery/formats/bytes";
import { type HashName, hashSizes } from "@chancery/formats/crypto";
import { predicateKind } from "@chancery/sign";
import { type Artifact, artifactFromDigest } from "@chancery/verify";
import type { VerificationFlags } from "../flags/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";
import { checkStdinOnce } from "../files/index.ts";
import { judge, openArtifact, openBundle, readPolicy } from "../verification/index.ts";

export interface VerifyBlobAttestationFlags extends VerificationFlags {
  readonly type: string;
  readonly checkClaims: boolean;
  readonly digest?: string;
  readonly digestAlg?: string;
}

/** Verifies the attestation of one file. */
export async function verifyBlobAttestationAction(
  invocation: Invocation<VerifyBlobAttestationFlags>,
): Promise<number> {
  const { args, flags, io } = invocation;
  const [file] = args;
  const { bundle: bundleFile, trustedRoot: rootFile } = flags;
  checkStdinOnce({ FILE: file, "--bundle": bundleFile, "--trusted-root": rootFile });
  const known = readDigest(flags);
  if (file !== undefined && known) {
    throw usageError("FILE and --digest exclude each other", "pass one of them");
  }
  if (file === undefined && !known && flags.checkClaims) {
    throw usageError(
      "nothing says which file the attestation must be about",
      "pass FILE, or --digest HEX with --digestAlg sha256, or --check-claims=false",
    );
  }
  const { predicateType } = predicateKind(flags.type);
  const policy = { ...(await readPolicy(flags, io)), predicateType };
  const bundle = await openBundle(file, "envelope", invocation);
  let artifact: Artifact | undefined = known;
  if (file !== undefined && flags.checkClaims) {
    artifact = await openArtifact(file, bundle, policy, invocation);
  }
  if (!flags.checkClaims) {
    invocation.report.warn("it is not checked which file the attestation is about");
    artifact = undefined;
  }
  const label = file ?? flags.bundle ?? "attestation";
  return judge({ bundle, kind: "envelope", artifact, policy, file, label }, invocation);
}

function readDigest({ digest, digestAlg }: VerifyBlobAttestationFlags): Artifact | undefined {
  if (digest === undefined && digestAlg === undefined) return undefined;
  if (digest === undefined || digestAlg === undefined) {
    throw usageError("--digest and --digestAlg go together", "--digest HEX --digestAlg sha256");
  }
  if (!Object.hasOwn(hashSizes, digestAlg)) {
    const names = Object.keys(hashSizes).join(", ");
    throw usageError(`--digestAlg is ${JSON.stringify(digestAlg)}, not one of ${names}`);
  }
  const name = digestAlg as HashName;
  if (!/^[0-9a-fA-F]+$/.test(digest) || digest.length !== 2 * hashSizes[name]) {
    throw usageError(`--digest is not a ${name} in hex (${2 * hashSizes[name]} digits)`);
  }
  return artifactFromDigest(name, decodeHex(digest));
}
