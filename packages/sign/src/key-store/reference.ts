// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from "@chancery/formats/crypto";
import type { PrivateKey } from "@chancery/formats/crypto/node";
import type { PasswordProvider } from "../key-file/index.ts";

/** What resolving a reference may use: nothing is taken from the process itself. */
export interface KeyReferenceContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Absent where nobody can be asked: encrypted keys are then refused. */
  readonly password?: PasswordProvider;
  /** Absent where the network must not be touched: addresses are then refused. */
  readonly fetch?: typeof fetch;
}

/** One way of naming a key. */
export interface KeyReferenceScheme {
  /** For messages: `file`, `env`. */
  readonly name: string;
  matches(reference: string): boolean;
  /** @throws SignError `unsupported-key-reference` where the scheme holds no private keys */
  loadPrivateKey(reference: string, context: KeyReferenceContext): Promise<PrivateKey>;
  loadPublicKey(reference: string, context: KeyReferenceContext): Promise<PublicKey>;
}
