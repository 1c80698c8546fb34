// SPDX-License-Identifier: Apache-2.0
import type { Flags } from "../framework/index.ts";

/** Flags of every command about a log, which are rekor-cli's. */
export interface LogFlags {
  readonly rekorServer: string;
  readonly trustedRoot?: string;
  readonly rekorServerPublicKey?: string;
  readonly format: string;
  readonly retry: string;
  readonly storeTreeState: boolean;
  readonly stateFile?: string;
  readonly config?: string;
}

/** Flags that name an entry by what is in it. */
export interface ArtifactFlags {
  readonly type: string;
  readonly pkiFormat: string;
  readonly artifact?: string;
  readonly artifactHash?: string;
  readonly signature?: string;
  readonly publicKey: readonly string[];
  readonly entry?: string;
  readonly aad?: string;
}

const own = (name: string) => [`REKOR_${name}`];

export const logFlags: Flags<LogFlags> = {
  rekorServer: {
    type: "text",
    value: "URL",
    about: "the log",
    aliases: ["rekor_server", "rekor-url"],
    variables: own("REKOR_SERVER"),
    default: "https://rekor.sigstore.dev",
  },
  trustedRoot: {
    type: "text",
    value: "FILE",
    about: "trusted root that names the log; default: what the log says of itself",
  },
  rekorServerPublicKey: {
    type: "text",
    value: "FILE",
    about: "the log's key, or its PEM itself, instead of --trusted-root",
    aliases: ["rekor_server_public_key"],
    variables: own("REKOR_SERVER_PUBLIC_KEY"),
  },
  format: {
    type: "text",
    value: "FORMAT",
    about: "print as rekor-cli does: in words, or as its json",
    choices: ["default", "json"],
    variables: own("FORMAT"),
    default: "default",
  },
  retry: {
    type: "text",
    value: "N",
    about: "try requests again so often that fail in passing",
    variables: own("RETRY"),
    default: "3",
  },
  storeTreeState: {
    type: "boolean",
    about: "remember the log's state, and that it only grows",
    aliases: ["store_tree_state"],
    variables: own("STORE_TREE_STATE"),
    default: true,
  },
  stateFile: {
    type: "text",
    value: "FILE",
    about: "where to remember it; default ~/.chancery/log-state.json",
  },
  config: {
    type: "text",
    value: "FILE",
    about: "",
    ignored: "pass flags, or set REKOR_… variables",
  },
};

export const artifactFlags: Flags<ArtifactFlags> = {
  type: {
    type: "text",
    value: "KIND",
    about: "kind of the entry, with or without :VERSION: hashedrekord, rekord, dsse, intoto",
    variables: own("TYPE"),
    default: "hashedrekord",
  },
  pkiFormat: {
    type: "text",
    value: "FORMAT",
    about: "format of signature and key; all but x509 with rekord alone",
    choices: ["x509", "pgp", "minisign", "ssh"],
    variables: own("PKI_FORMAT"),
    default: "x509",
  },
  artifact: {
    type: "text",
    value: "FILE|URL",
    about: "what was signed; of dsse and intoto the envelope, which must be a file",
    variables: own("ARTIFACT"),
  },
  artifactHash: {
    type: "text",
    value: "HASH",
    about: "its digest in hex, with or without sha256: and the like, instead of the artifact",
    variables: own("ARTIFACT_HASH"),
  },
  signature: {
    type: "text",
    value: "FILE",
    about: "the signature, as bytes or in base64",
    variables: own("SIGNATURE"),
  },
  publicKey: {
    type: "list",
    value: "FILE",
    about: "public key or certificate that it verifies with",
    variables: own("PUBLIC_KEY"),
  },
  entry: {
    type: "text",
    value: "FILE",
    about: "the proposed entry in JSON, instead of all these",
    variables: own("ENTRY"),
  },
  aad: {
    type: "text",
    value: "BASE64",
    about: "",
    refused: "cose entries are passed with --entry",
  },
};
