// SPDX-License-Identifier: Apache-2.0
import type { Flags } from "../framework/index.ts";

/** Flags of the commands that sign files. */
export interface SigningFlags {
  readonly key?: string;
  readonly passwordFile?: string;
  readonly bundle?: string;
  readonly yes: boolean;
  readonly newBundleFormat: boolean;
  readonly outputSignature?: string;
  readonly outputCertificate?: string;
  readonly tlogUpload: boolean;
  readonly useSigningConfig: boolean;
  readonly signingConfig?: string;
  readonly trustedRoot?: string;
  readonly fulcioUrl?: string;
  readonly rekorUrl?: string;
  readonly rekorVersion?: string;
  readonly timestampServerUrl?: string;
  readonly oidcIssuer?: string;
  readonly identityToken?: string;
  readonly issueCertificate: boolean;
  readonly certificate?: string;
  readonly certificateChain?: string;
  readonly sk: boolean;
  readonly rfc3161Timestamp?: string;
  readonly insecureSkipVerify: boolean;
}

const keyedOnly =
  "this version signs with keys, logged or not (levels keyed and logged): leave the flag away";

const service = (value: string) =>
  ({ type: "text", value, about: "", refused: keyedOnly }) as const;
const switchOn = { type: "boolean", about: "", refused: keyedOnly } as const;

export const signingFlags: Flags<SigningFlags> = {
  key: { type: "text", value: "REF", about: "private key: a file or env://NAME" },
  passwordFile: { type: "text", value: "FILE", about: "file with the key's password" },
  bundle: { type: "text", value: "FILE", about: "where to write the bundle" },
  yes: { type: "boolean", short: "y", about: "overwrite existing files without asking" },
  newBundleFormat: {
    type: "boolean",
    about: "write a Sigstore bundle; false writes what cosign 2 wrote",
    default: true,
  },
  outputSignature: { type: "text", value: "FILE", about: "write the signature alone, too" },
  outputCertificate: {
    type: "text",
    value: "FILE",
    about: "",
    ignored: "a signature by a key has no certificate",
  },
  tlogUpload: {
    type: "boolean",
    about: "log the signature where the signing config says that TUF has",
  },
  signingConfig: {
    type: "text",
    value: "FILE",
    about: "log the signature where this signing config says",
  },
  useSigningConfig: {
    type: "boolean",
    about: "the same with the signing config that TUF has",
  },
  rekorUrl: { type: "text", value: "URL", about: "log the signature in this Rekor" },
  rekorVersion: {
    type: "text",
    value: "N",
    about: "version of the API of --rekor-url; 1 where it is not given",
    choices: ["1", "2"],
  },
  trustedRoot: {
    type: "text",
    value: "FILE",
    about: "verify what was logged with this trusted root before anything is written",
  },
  fulcioUrl: service("URL"),
  timestampServerUrl: service("URL"),
  oidcIssuer: service("URL"),
  identityToken: service("TOKEN"),
  issueCertificate: switchOn,
  certificate: service("FILE"),
  certificateChain: service("FILE"),
  sk: switchOn,
  rfc3161Timestamp: service("FILE"),
  insecureSkipVerify: { type: "boolean", about: "", ignored: "it never had an effect" },
};
