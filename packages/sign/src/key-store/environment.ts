// SPDX-License-Identifier: Apache-2.0
import { SignError } from "../errors.ts";
import { readPrivateKey, readPublicKey } from "../key-file/index.ts";
import type { KeyReferenceContext, KeyReferenceScheme } from "./reference.ts";

const PREFIX = "env://";

/** `env://NAME`: the text of a key file in an environment variable. */
export const environmentScheme: KeyReferenceScheme = {
  name: "env",
  matches: (reference) => reference.startsWith(PREFIX),
  async loadPrivateKey(reference, context) {
    return readPrivateKey(variable(reference, context), context.password);
  },
  async loadPublicKey(reference, context) {
    return readPublicKey(variable(reference, context));
  },
};

function variable(reference: string, { environment }: KeyReferenceContext): string {
  const name = reference.slice(PREFIX.length);
  const text = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (text !== undefined && text !== "") return text;
  throw new SignError(
    "unreadable-key",
    `the environment variable ${JSON.stringify(name)} is not set or empty`,
    "set it to the text of a key file",
  );
}
