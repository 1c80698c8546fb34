// SPDX-License-Identifier: Apache-2.0
import { loadPrivateKeyFile, loadPublicKeyFile } from "./load.ts";
import type { KeyReferenceScheme } from "./reference.ts";

/** A path: whatever does not begin as an address or as a PKCS#11 URI does. */
export const fileScheme: KeyReferenceScheme = {
  name: "file",
  matches: (reference) => !/^([A-Za-z][A-Za-z0-9+.-]*:\/\/|pkcs11:)/.test(reference),
  loadPrivateKey: (path, { password }) => loadPrivateKeyFile(path, password),
  loadPublicKey: (path) => loadPublicKeyFile(path),
};
