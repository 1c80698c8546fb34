// SPDX-License-Identifier: Apache-2.0

export interface Variable {
  readonly name: string;
  /** What it does, after its name, as in `TUF_MIRROR is …`. */
  readonly about: string;
  readonly expects: string;
  /** Its value is a secret. */
  readonly sensitive?: boolean;
  /** False for variables that cosign reads and nothing here does. */
  readonly effect?: boolean;
}

/**
 * Every variable with a meaning of its own, but for the settings of `chancery up`; a new one gets a
 * line here where it is first read.
 */
export const variables: readonly Variable[] = [
  {
    name: "CHANCERY_PASSWORD",
    about: "is the password of private keys",
    expects: "a password; set and empty means an empty one",
    sensitive: true,
  },
  {
    name: "COSIGN_PASSWORD",
    about: "is the password of private keys where CHANCERY_PASSWORD is not set",
    expects: "a password; set and empty means an empty one",
    sensitive: true,
  },
  {
    name: "CHANCERY_USER_PASSWORD",
    about: "is the password that user add and user passwd give",
    expects: "a password of eight characters or more",
    sensitive: true,
  },
  {
    name: "CHANCERY_KEY_PASSWORD",
    about: "is the password of the private keys of up and witness",
    expects: "a password that is not empty",
    sensitive: true,
  },
  {
    name: "CHANCERY_KEY_PASSWORD_FILE",
    about: "is where that password is, where CHANCERY_KEY_PASSWORD is not set",
    expects: "the path of a file, whose first line is the password",
  },
  {
    name: "TUF_ROOT",
    about: "is the folder in which TUF repositories are cached, and the choice among them",
    expects: "a path (default ~/.sigstore/root)",
  },
  {
    name: "TUF_MIRROR",
    about: "is the TUF repository to use, whatever was chosen with initialize",
    expects: "a base URL",
  },
  {
    name: "TUF_ROOT_JSON",
    about: "is the root metadata to trust, where it is not the cached or the shipped one",
    expects: "the path of a root.json",
  },
  ...[
    ["REKOR_REKOR_SERVER", "is the log that commands under log use", "a base URL"],
    ["REKOR_REKOR_SERVER_PUBLIC_KEY", "is that log's key", "a path, or the PEM itself"],
    ["REKOR_FORMAT", "is the format in which they print", "default or json"],
    ["REKOR_RETRY", "is how often they repeat requests that fail in passing", "a number"],
    ["REKOR_STORE_TREE_STATE", "says whether they remember the log's state", "true or false"],
  ].map(([name = "", about = "", expects = ""]) => ({ name, about, expects })),
  {
    name: "NO_COLOR",
    about: "turns colours off",
    expects: "any text that is not empty",
  },
  {
    name: "FORCE_COLOR",
    about: "turns colours on where there is no terminal",
    expects: "1, or 0 for off",
  },
  ...[
    ["COSIGN_DOCKER_MEDIA_TYPES", "writes Docker's media types to registries", "1"],
    ["COSIGN_EXPERIMENTAL", "allows registry referrers in an old form", "1"],
    ["COSIGN_MAX_ATTACHMENT_SIZE", "limits what is fetched from registries", "a size like 45MiB"],
    ["COSIGN_PKCS11_IGNORE_CERTIFICATE", "leaves certificates on PKCS #11 tokens alone", "1"],
    ["COSIGN_PKCS11_MODULE_PATH", "is the PKCS #11 library", "a path"],
    ["COSIGN_REPOSITORY", "is where signatures of images are kept", "a repository"],
    ["SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", "is the CT log's key", "a path"],
    ["SIGSTORE_REKOR_PUBLIC_KEY", "is Rekor's key", "a path"],
    ["SIGSTORE_ROOT_FILE", "is Fulcio's root certificate", "a path"],
    ["SIGSTORE_TSA_CERTIFICATE_FILE", "is the timestamp authority's chain", "a path"],
  ].map(([name = "", about = "", expects = ""]) => ({ name, about, expects, effect: false })),
  {
    name: "COSIGN_PKCS11_PIN",
    about: "is the PIN of a PKCS #11 token",
    expects: "a PIN",
    sensitive: true,
    effect: false,
  },
  {
    name: "SIGSTORE_ID_TOKEN",
    about: "is an identity token to sign with, where none is given with --identity-token",
    expects: "a token",
    sensitive: true,
  },
  {
    name: "CHANCERY_CACHE",
    about: "is the folder in which tokens of those who signed in are kept, for minutes",
    expects: "a path (default chancery in the platform's place for caches)",
  },
];
