// SPDX-License-Identifier: Apache-2.0
import { pkcs8FromSec1, wipe } from "@chancery/formats/crypto/node";
import type { KeyFileFormat } from "./format.ts";
import { legacyBody } from "./pkcs1.ts";
import { openPkcs8 } from "./pkcs8.ts";

/**
 * SEC 1 (RFC 5915): `EC PRIVATE KEY`, also in OpenSSL's old encrypted form. The key names its curve
 * itself, so an `EC PARAMETERS` block before it is not looked at.
 */
export const sec1Format: KeyFileFormat = {
  name: "SEC 1",
  matches: ({ label }) => label === "EC PRIVATE KEY",
  async decode(block, password) {
    const sec1 = await legacyBody(block, password);
    try {
      return openPkcs8(pkcs8FromSec1(sec1));
    } finally {
      wipe(sec1);
    }
  },
};
