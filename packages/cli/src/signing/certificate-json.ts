// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import type { Signer } from "@chancery/sign";
import type { JsonResult } from "../framework/index.ts";
import { nameOf } from "./key.ts";

/** Who signed, for `--output json`; nothing where a key signed by itself. */
export async function certificateToJson({ certificate }: Signer): Promise<JsonResult> {
  if (!certificate) return {};
  const { identity, issuer } = await nameOf(certificate);
  return {
    certificate: {
      identity,
      issuer,
      sha256: encodeHex(sha256(certificate.der)),
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
    },
  };
}
