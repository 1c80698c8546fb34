// SPDX-License-Identifier: Apache-2.0
import { keySignerKind } from "./key-signer.ts";
import type { Signer, SignerContext, SignerKind } from "./signer.ts";

/** The kinds of signers, in the order in which they are asked whether a reference is theirs. */
export const signerKinds: readonly SignerKind[] = [keySignerKind];

/**
 * Opens the signer that a key reference names, as it stands after `--key`.
 * @throws SignError where the reference is unknown, the key cannot be read or opened, or does not
 *   go with the algorithm.
 */
export async function openSigner(reference: string, context: SignerContext): Promise<Signer> {
  const kind = signerKinds.find((candidate) => candidate.matches(reference)) ?? keySignerKind;
  return kind.open(reference, context);
}
