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
  "this version signs with a key and nothing else (level keyed): leave the flag away";

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
  tlogUpload: switchOn,
  useSigningConfig: switchOn,
  signingConfig: service("FILE"),
  trustedRoot: {
    type: "text",
    value: "FILE",
    about: "",
    ignored: "a signature by a key needs no trusted root",
  },
  fulcioUrl: service("URL"),
  rekorUrl: service("URL"),
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
