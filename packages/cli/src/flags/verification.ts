// SPDX-License-Identifier: Apache-2.0
import type { Flags } from "../framework/index.ts";

/** Flags of the commands that verify files. */
export interface VerificationFlags {
  readonly key?: string;
  readonly bundle?: string;
  readonly signature?: string;
  readonly certificate?: string;
  readonly certificateIdentity?: string;
  readonly certificateIdentityRegexp?: string;
  readonly certificateOidcIssuer?: string;
  readonly certificateOidcIssuerRegexp?: string;
  readonly certificateGithubWorkflowTrigger?: string;
  readonly certificateGithubWorkflowSha?: string;
  readonly certificateGithubWorkflowName?: string;
  readonly certificateGithubWorkflowRepository?: string;
  readonly certificateGithubWorkflowRef?: string;
  readonly certificateClaim: readonly string[];
  readonly level?: string;
  readonly failOpen: boolean;
  readonly failOpenUntil?: string;
  readonly trustedRoot?: string;
  readonly offline: boolean;
  readonly insecureIgnoreTlog: boolean;
  readonly insecureIgnoreSct: boolean;
  readonly useSignedTimestamps: boolean;
  readonly signingAlgorithm?: string;
  readonly explain: boolean;
  readonly privateInfrastructure: boolean;
  readonly newBundleFormat: boolean;
  readonly maxWorkers?: string;
  readonly rekorUrl?: string;
  readonly signatureDigestAlgorithm?: string;
  readonly experimentalOci11: boolean;
  readonly allowCertificateChain: boolean;
  readonly certificateChain?: string;
  readonly caRoots?: string;
  readonly caIntermediates?: string;
  readonly sct?: string;
  readonly timestampCertificateChain?: string;
  readonly rfc3161Timestamp?: string;
  readonly sk: boolean;
}

const intoRoot = "put it into a trusted root, and pass that with --trusted-root";
const text = (value: string, about: string) => ({ type: "text", value, about }) as const;
const ignored = (value: string, reason: string) =>
  ({ type: "text", value, about: "", ignored: reason }) as const;
const refused = (value: string, hint: string) =>
  ({ type: "text", value, about: "", refused: hint }) as const;

export const verificationFlags: Flags<VerificationFlags> = {
  key: text("REF", "public key that must have signed: a file, env://NAME or https://…"),
  bundle: text("FILE", "the bundle; default FILE.sigstore.json, else FILE.sigstore"),
  signature: text("FILE", "a signature without bundle: a file, or base64 itself"),
  certificate: text("FILE", "certificate that belongs to --signature"),
  certificateIdentity: text("NAME", "identity that must have signed: an e-mail address or a URI"),
  certificateIdentityRegexp: text("REGEXP", "expression that matches the whole identity"),
  certificateOidcIssuer: text("URL", "who must have vouched for the identity"),
  certificateOidcIssuerRegexp: text("REGEXP", "expression that matches the whole issuer"),
  certificateGithubWorkflowTrigger: text("EVENT", "GitHub event that triggered the workflow"),
  certificateGithubWorkflowSha: text("COMMIT", "commit that the workflow ran on"),
  certificateGithubWorkflowName: text("NAME", "name of the workflow"),
  certificateGithubWorkflowRepository: text("REPO", "owner/name that the workflow ran in"),
  certificateGithubWorkflowRef: text("REF", "Git reference that the workflow ran on"),
  certificateClaim: {
    type: "list",
    value: "NAME=VALUE",
    about: "any claim of the certificate, such as buildSignerURI",
    commas: false,
  },
  level: {
    type: "text",
    value: "LEVEL",
    about: "what a signature must show",
    choices: ["keyed", "logged", "certified", "keyless"],
  },
  failOpen: {
    type: "boolean",
    about: "with --key: report what else does not hold, and refuse only for key and signature",
  },
  failOpenUntil: text(
    "DATE",
    "the same until then, such as 2030-12-31; afterwards all is enforced",
  ),
  trustedRoot: text("FILE", "trusted root; default: fetched by TUF when something needs it"),
  offline: { type: "boolean", about: "open no connection; a cached trusted root may be used" },
  insecureIgnoreTlog: { type: "boolean", about: "accept signatures that are not in a log" },
  insecureIgnoreSct: { type: "boolean", about: "accept certificates that are not in a CT log" },
  useSignedTimestamps: { type: "boolean", about: "demand a timestamp by a trusted authority" },
  signingAlgorithm: text("NAME", "the only algorithm to accept, such as rsa-sign-pss-2048-sha256"),
  explain: { type: "boolean", about: "print every check that was made" },
  privateInfrastructure: { type: "boolean", about: "", hidden: true },
  newBundleFormat: {
    type: "boolean",
    about: "",
    ignored: "the format is seen from the file",
  },
  maxWorkers: ignored("N", "one file is verified at a time"),
  rekorUrl: ignored("URL", "logs are never asked; the bundle must prove its entry"),
  signatureDigestAlgorithm: ignored("NAME", "it follows from the key; see --signing-algorithm"),
  experimentalOci11: { type: "boolean", about: "", ignored: "it is about registries" },
  allowCertificateChain: { type: "boolean", about: "", ignored: "chains in old bundles are read" },
  certificateChain: refused("FILE", intoRoot),
  caRoots: refused("FILE", intoRoot),
  caIntermediates: refused("FILE", intoRoot),
  sct: refused("FILE", "SCTs are read from the certificate"),
  timestampCertificateChain: refused("FILE", intoRoot),
  rfc3161Timestamp: refused("FILE", "timestamps are read from bundles"),
  sk: { type: "boolean", about: "", refused: "pass the token's public key with --key" },
};
