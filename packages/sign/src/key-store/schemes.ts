// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from "@chancery/formats/crypto";
import type { PrivateKey } from "@chancery/formats/crypto/node";
import { SignError } from "../errors.ts";
import { environmentScheme } from "./environment.ts";
import { fileScheme } from "./file.ts";
import type { KeyReferenceContext, KeyReferenceScheme } from "./reference.ts";
import { webScheme } from "./web.ts";

/** The ways of naming a key, in the order in which they are asked. */
export const keyReferenceSchemes: readonly KeyReferenceScheme[] = [
  environmentScheme,
  webScheme,
  fileScheme,
];

/**
 * Loads the private key that a reference names, as it stands after `--key`: `env://NAME` or a path.
 * Private keys are not fetched from addresses, other than by cosign.
 * @throws SignError `unsupported-key-reference` | `unreadable-key`, and as `readPrivateKey`
 */
export async function loadPrivateKey(
  reference: string,
  context: KeyReferenceContext,
): Promise<PrivateKey> {
  return schemeOf(reference).loadPrivateKey(reference, context);
}

/**
 * Loads the public key that a reference names: `env://NAME`, `https://…` or a path.
 * @throws SignError `unsupported-key-reference` | `unreadable-key`, and as `readPublicKey`
 */
export async function loadPublicKey(
  reference: string,
  context: KeyReferenceContext,
): Promise<PublicKey> {
  return schemeOf(reference).loadPublicKey(reference, context);
}

function schemeOf(reference: string): KeyReferenceScheme {
  const scheme = keyReferenceSchemes.find((candidate) => candidate.matches(reference));
  if (scheme) return scheme;
  const [name] = /^[^:]*/.exec(reference) ?? [""];
  throw new SignError(
    "unsupported-key-reference",
    `keys cannot be named by ${name}: references`,
    "name a key file, or an environment variable as env://NAME",
  );
}
