// SPDX-License-Identifier: Apache-2.0
import { decodeHex, decodeUtf8 } from "@chancery/formats/bytes";
import {
  createHasher,
  defaultAlgorithm,
  type HashName,
  hashSizes,
  schemeHash,
} from "@chancery/formats/crypto";
import { encodeEntryBody } from "@chancery/formats/entry";
import type { JsonObject } from "@chancery/formats/json";
import { usageError } from "../../framework/index.ts";
import { openArtifactFlag } from "../artifact.ts";
import {
  keyOf,
  type ProposalKind,
  type ProposalNeeds,
  readOneVerifier,
  readSignatureFlag,
} from "./proposal.ts";

const kind = "hashedrekord";

/** A signature over an artifact, of which the log gets the digest. */
export const hashedrekord: ProposalKind = {
  kind,
  versions: ["0.0.1"],
  async make(version, needs) {
    const signature = await readSignatureFlag(kind, needs);
    const verifier = await readOneVerifier(kind, needs);
    // What the key signs by; Ed25519 signs a SHA-512 where it signs a digest.
    const hash = schemeHash(defaultAlgorithm(keyOf(verifier)).scheme) ?? "sha512";
    const content = await readDigest(hash, needs);
    const body = encodeEntryBody(kind, version, {
      signatures: [{ signature, verifier }],
      content: { covers: "message", ...content },
    });
    return { value: JSON.parse(decodeUtf8(body)) as JsonObject, body };
  },
};

async function readDigest(
  hash: HashName,
  needs: ProposalNeeds,
): Promise<{ readonly hash: HashName; readonly digest: Uint8Array }> {
  const { artifact, artifactHash } = needs.flags;
  if (artifactHash !== undefined) return parseDigest(artifactHash);
  if (artifact === undefined) {
    throw usageError(
      "either 'entry' or 'artifact' or 'artifact-hash' must be specified",
      "chancery log upload --artifact FILE --signature FILE --public-key FILE",
    );
  }
  const content = await openArtifactFlag(artifact, needs);
  const hasher = createHasher(hash);
  for await (const chunk of content.open()) hasher.update(chunk);
  return { hash, digest: hasher.digest() };
}

/** Reads `[<algorithm>:]<hex>`. @throws CliError */
function parseDigest(text: string): { readonly hash: HashName; readonly digest: Uint8Array } {
  const [, name, hex = ""] = /^(?:(sha256|sha384|sha512):)?([0-9a-fA-F]+)$/.exec(text) ?? [];
  const names = Object.keys(hashSizes) as HashName[];
  const hash = names.find((known) => 2 * hashSizes[known] === hex.length);
  if (hash !== undefined && (name === undefined || name === hash)) {
    return { hash, digest: decodeHex(hex) };
  }
  throw usageError(
    `--artifact-hash is ${JSON.stringify(text.slice(0, 150))}, not a SHA-2 digest in hex`,
    "take it from sha256sum FILE",
  );
}
