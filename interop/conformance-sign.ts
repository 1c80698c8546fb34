// SPDX-License-Identifier: Apache-2.0
// `sign-bundle` of the conformance suite's command line: signs with an identity, by the library.
import { createReadStream, readFileSync } from "node:fs";
import { type Bundle, encodeBundle } from "@chancery/formats/bundle";
import { decodeSigningConfig, decodeTrustedRoot } from "@chancery/formats/trust";
import { attest, oneTimeSigner, sign } from "@chancery/sign";
import { certify, selectCertificateService } from "@chancery/sign/fulcio";
import { IdentityToken } from "@chancery/sign/identity";
import { selectLogs } from "@chancery/sign/rekor";
import { selectTimestampServices } from "@chancery/sign/timestamp";

export interface SignBundleInput {
  readonly identityToken: string;
  /** A file; a Statement to be signed as it is, where `inToto` is set. */
  readonly artifact: string;
  readonly inToto: boolean;
  /** In JSON. */
  readonly trustedRoot: Uint8Array;
  readonly signingConfig: Uint8Array;
}

/** A bundle, in JSON. @throws SignError; FormatError */
export async function signBundle(input: SignBundleInput): Promise<string> {
  const now = new Date();
  const config = decodeSigningConfig(input.signingConfig);
  const trustedRoot = decodeTrustedRoot(input.trustedRoot);
  const identity = new IdentityToken(input.identityToken);
  identity.requireUnexpired(now.getTime());
  const signer = await certify({
    signer: oneTimeSigner(),
    identity,
    authority: selectCertificateService(config, now),
  });
  const vouching = {
    logging: { logs: selectLogs(config, now, { trustedRoot }), trustedRoot },
    timestampServices: selectTimestampServices(config, now),
  };
  const { bundle }: { bundle: Bundle } = input.inToto
    ? await attest({ statement: readFileSync(input.artifact), signer, ...vouching })
    : await sign({
        artifact: { open: () => createReadStream(input.artifact) },
        signer,
        ...vouching,
      });
  return encodeBundle(bundle);
}
