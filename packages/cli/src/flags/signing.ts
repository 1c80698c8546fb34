// SPDX-License-Identifier: Apache-2.0
import type { Flags } from "../framework/index.ts";

/** Flags of the commands that sign files. */
export interface SigningFlags extends IdentityFlags {
  readonly key?: string;
  readonly passwordFile?: string;
  readonly bundle?: string;
  readonly yes: boolean;
  readonly newBundleFormat: boolean;
  readonly outputSignature?: string;
  readonly outputCertificate?: string;
  readonly tlogUpload: boolean;
  readonly allowPending: boolean;
  readonly useSigningConfig: boolean;
  readonly signingConfig?: string;
  readonly trustedRoot?: string;
  readonly fulcioUrl?: string;
  readonly rekorUrl?: string;
  readonly rekorVersion?: string;
  readonly timestampServerUrl?: string;
  readonly issueCertificate: boolean;
  readonly insecureIgnoreSct: boolean;
  readonly certificate?: string;
  readonly certificateChain?: string;
  readonly sk: boolean;
  readonly rfc3161Timestamp?: string;
  readonly insecureSkipVerify: boolean;
}

/** Flags that say who signs, where a certificate does. */
export interface IdentityFlags {
  readonly identityToken?: string;
  readonly fulcioAuthFlow?: string;
  readonly oidcIssuer?: string;
  readonly oidcClientId?: string;
  readonly oidcClientSecretFile?: string;
  readonly oidcRedirectUrl?: string;
  readonly oidcProvider?: string;
  readonly oidcDisableAmbientProviders: boolean;
  readonly tokenCache: boolean;
}

const text = (value: string, about: string) => ({ type: "text", value, about }) as const;
const refused = (hint: string) =>
  ({ type: "text", value: "FILE", about: "", refused: hint }) as const;
const ownCertificate =
  "certificates are got from an authority: leave the flag away, and see --issue-certificate";

const identityFlags: Flags<IdentityFlags> = {
  identityToken: text("TOKEN", "who signs: an identity token, or a file with one"),
  fulcioAuthFlow: {
    ...text("FLOW", "how to sign in; default by browser at a terminal, else by another device"),
    choices: ["normal", "device", "token", "client_credentials"],
  },
  oidcIssuer: text("URL", "identity provider to sign in at"),
  oidcClientId: { ...text("ID", "name of this client there"), default: "sigstore" },
  oidcClientSecretFile: text("FILE", "file with the client's secret there"),
  oidcRedirectUrl: text("URL", "where the provider sends the browser to; default a free port here"),
  oidcProvider: text("NAME", "ambient source of the token, such as github-actions, and no other"),
  oidcDisableAmbientProviders: { type: "boolean", about: "take no token from the surroundings" },
  tokenCache: {
    type: "boolean",
    about: "keep the token of who signed in until it ends, minutes later",
    default: true,
  },
};

export const signingFlags: Flags<SigningFlags> = {
  key: text(
    "REF",
    "private key: a file or env://NAME; without one, a one-time key and an identity",
  ),
  passwordFile: text("FILE", "file with the key's password"),
  issueCertificate: { type: "boolean", about: "with --key: have it certified for an identity" },
  bundle: text("FILE", "where to write the bundle"),
  yes: { type: "boolean", short: "y", about: "overwrite and publish without asking" },
  newBundleFormat: {
    type: "boolean",
    about: "write a Sigstore bundle; false writes what cosign 2 wrote",
    default: true,
  },
  outputSignature: text("FILE", "write the signature alone, too"),
  outputCertificate: text("FILE", "write the certificate in PEM, too"),
  signingConfig: text("FILE", "use the services that this signing config lists"),
  useSigningConfig: {
    type: "boolean",
    about: "the same with the signing config that TUF has; the default where an identity signs",
  },
  trustedRoot: text("FILE", "verify with this trusted root before anything is written"),
  tlogUpload: {
    type: "boolean",
    about: "log the signature where the signing config says that TUF has",
  },
  allowPending: {
    type: "boolean",
    about: "where the log cannot be reached, sign all the same: see bundle complete",
  },
  fulcioUrl: text("URL", "have the key certified by this Fulcio"),
  rekorUrl: text("URL", "log the signature in this Rekor"),
  rekorVersion: {
    ...text("N", "version of the API of --rekor-url; 1 where it is not given"),
    choices: ["1", "2"],
  },
  timestampServerUrl: text("URL", "have the time attested by this authority"),
  ...identityFlags,
  insecureIgnoreSct: { type: "boolean", about: "take a certificate that is not in a CT log" },
  certificate: refused(ownCertificate),
  certificateChain: refused(ownCertificate),
  sk: { type: "boolean", about: "", refused: "hardware tokens are not used by this version" },
  rfc3161Timestamp: {
    ...text("FILE", ""),
    ignored: "timestamps are in the bundle",
  },
  insecureSkipVerify: { type: "boolean", about: "", ignored: "it never had an effect" },
};
