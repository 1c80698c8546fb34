// SPDX-License-Identifier: Apache-2.0
// The cases of sigstore-conformance, read from ../shared/vectors the way its test suite does.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { vectors } from "../test/vectors.ts";
import type { Question } from "./verifiers.ts";

const casesPath = "sigstore-conformance/bundle-verify";
const rootPath = "public-good/targets/trusted_root.json";
const defaultIdentity =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const defaultIssuer = "https://token.actions.githubusercontent.com";

export interface ConformanceCase {
  readonly name: string;
  readonly mustVerify: boolean;
  /** It brings a trusted root; the others mean the public instance's. */
  readonly ownRoot: boolean;
  readonly question: Question;
}

/** The public instance's trusted root, or undefined when the vectors are not on this machine. */
export function publicGoodRoot(): string | undefined {
  return vectors(rootPath);
}

/** All cases by name; none when the vectors are not on this machine. */
export function conformanceCases(): ConformanceCase[] {
  const folder = vectors(casesPath);
  const root = vectors(rootPath);
  if (folder === undefined || root === undefined) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isDirectory() && existsSync(join(folder, entry.name, "bundle.sigstore.json")),
    )
    .map(({ name }) => readCase(folder, name, root))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The same question about the artifact's digest. */
export function byDigest(question: Question): Question {
  const digest = createHash("sha256").update(readFileSync(question.artifact)).digest("hex");
  return { ...question, artifact: `sha256:${digest}` };
}

function readCase(folder: string, name: string, defaultRoot: string): ConformanceCase {
  const path = (file: string): string => join(folder, name, file);
  const own = (file: string, otherwise: string): string =>
    existsSync(path(file)) ? path(file) : otherwise;
  const text = (file: string, otherwise: string): string =>
    existsSync(path(file)) ? readFileSync(path(file), "utf8").trim() : otherwise;
  return {
    name,
    mustVerify: !name.endsWith("_fail"),
    ownRoot: existsSync(path("trusted_root.json")),
    question: {
      bundle: path("bundle.sigstore.json"),
      artifact: own("artifact", join(folder, "a.txt")),
      trustedRoot: own("trusted_root.json", defaultRoot),
      signer: existsSync(path("key.pub"))
        ? { kind: "key", key: path("key.pub") }
        : {
            kind: "identity",
            identity: text("identity", defaultIdentity),
            issuer: text("issuer", defaultIssuer),
          },
    },
  };
}
