// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Session } from "./session.ts";

/** Something that happens before the reader's eyes. */
export interface Step {
  /** What it is for. */
  readonly about: string;
  /** As a person would type it. The words of one of ours hold no spaces. */
  readonly command?: string;
  /** For what is no command of ours: the same in JavaScript, for systems without a shell. */
  readonly instead?: () => void | Promise<void>;
  /** The exit code that the demonstration needs. Default 0. */
  readonly exit?: number;
}

/** What an organisation does at one level of trust. */
export interface Level {
  readonly title: string;
  readonly promise: string;
  /** Those of a level are known one after the other: each may need what the one before made. */
  readonly steps: readonly ((session: Session) => Step)[];
}

const password = "correct-horse-battery-staple";
const you = "you@example.com";
const token = "you.token";

/** The flags by which a verifier says who must have signed. */
function signedBy(identity: string, { url }: Session): string {
  return `--certificate-identity ${identity} --certificate-oidc-issuer ${url}/oidc`;
}

const keyed: Level = {
  title: "Level 1, keyed",
  promise: "made with a long-lived key: no account, no service, no network",
  steps: [
    ({ variables }) => ({
      about: "A password for the private key, here from the environment",
      command: `export CHANCERY_PASSWORD=${password}`,
      instead: () => void (variables["CHANCERY_PASSWORD"] = password),
    }),
    () => ({
      about: "A key pair; keys that you have already work as well",
      command: "chancery generate-key-pair --output-key-prefix release",
    }),
    () => ({
      about: "Sign a file",
      command: "chancery sign-blob --key release.key --bundle keyed.json LICENSE",
    }),
    () => ({
      about: "Verify it: the file, its bundle, the public key",
      command: "chancery verify-blob --key release.pub --bundle keyed.json --level keyed LICENSE",
    }),
    ({ folder }) => ({
      about: "Someone changes a copy",
      command: "cp LICENSE LICENSE.copy && echo 'and all your base' >> LICENSE.copy",
      instead: () => {
        copyFileSync(join(folder, "LICENSE"), join(folder, "LICENSE.copy"));
        appendFileSync(join(folder, "LICENSE.copy"), "and all your base\n");
      },
    }),
    () => ({
      about: "It is refused, with a reason that scripts can match and a hint for people",
      command:
        "chancery verify-blob --key release.pub --bundle keyed.json --level keyed LICENSE.copy",
      exit: 1,
    }),
  ],
};

const up = "chancery up --data sigstore --dev --listen 127.0.0.1:0";

const logged: Level = {
  title: "Level 2, logged",
  promise: "level 1, and an entry in a transparency log",
  steps: [
    (session) => ({
      about: "A private Sigstore: log, certificates, timestamps, trust, sign-in; one process",
      command: `${up} > up.log 2>&1 &`,
      instead: async () => session.startServices(up.split(" ").slice(1), "up.log"),
    }),
    ({ variables, folder }) => ({
      about: "What this user trusts is kept in a folder of its own",
      command: "export TUF_ROOT=$PWD/trust",
      instead: () => void (variables["TUF_ROOT"] = join(folder, "trust")),
    }),
    (session) => ({
      about: "Trust it: a line that up prints, with the checksum of its root",
      command: session.initializeLine,
    }),
    () => ({
      about: "The same key and file, and an entry in the log",
      command:
        "chancery sign-blob --key release.key --use-signing-config --bundle logged.json LICENSE",
    }),
    () => ({
      about: "The log's proof is in the bundle, so that no socket is needed to verify it",
      command: "chancery verify-blob --offline --key release.pub --bundle logged.json LICENSE",
    }),
    () => ({
      about: "The signature that nobody logged is not enough any more",
      command: "chancery verify-blob --key release.pub --bundle keyed.json LICENSE",
      exit: 1,
    }),
  ],
};

const certified: Level = {
  title: "Level 3, certified",
  promise: "level 2, and an identity certificate over that same long-lived key",
  steps: [
    (session) => ({
      about: `Sign in: sign-blob opens a browser; here a script fills in its page, for ${token}`,
      instead: async () => session.signIn(you, token),
    }),
    () => ({
      about: "The authority certifies the key that users pin already",
      command:
        "chancery sign-blob --key release.key --issue-certificate " +
        `--identity-token ${token} --yes --bundle certified.json LICENSE`,
    }),
    (session) => ({
      about: "Key and identity must both be right",
      command:
        `chancery verify-blob --level certified --key release.pub ${signedBy(you, session)} ` +
        "--bundle certified.json LICENSE",
    }),
    (session) => ({
      about: "While identities are new, one that is wrong can be told and not refused",
      command:
        "chancery verify-blob --level certified --fail-open --key release.pub " +
        `${signedBy("me@example.com", session)} --bundle certified.json LICENSE`,
    }),
    ({ url }) => ({
      about: "The log finds by the key what was signed with it, and with certificates over it",
      command: `chancery log search --rekor-server ${url} --public-key release.pub`,
    }),
  ],
};

const keyless: Level = {
  title: "Level 4, keyless",
  promise: "an identity certificate over a one-time key, logged: no key to keep or to lose",
  steps: [
    () => ({
      about: "Sign with the identity alone",
      command: `chancery sign-blob --identity-token ${token} --yes --bundle keyless.json LICENSE`,
    }),
    (session) => ({
      about: "Every check, and what was compared",
      command: `chancery verify-blob ${signedBy(you, session)} --bundle keyless.json --explain LICENSE`,
    }),
    (session) => ({
      about: "A signature by anybody else is refused",
      command: `chancery verify-blob ${signedBy("me@example.com", session)} --bundle keyless.json LICENSE`,
      exit: 1,
    }),
  ],
};

/** In the order in which an organisation climbs them. */
export const levels: readonly Level[] = [keyed, logged, certified, keyless];
