// SPDX-License-Identifier: Apache-2.0
import { encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { canonicalizeJcs, type JsonObject } from "@chancery/formats/json";
import { collect, readWhole } from "../../files/index.ts";
import { openArtifactFlag } from "../artifact.ts";
import {
  documentBytesMax,
  hexHash,
  pemOf,
  type Proposal,
  type ProposalKind,
  type ProposalNeeds,
  readOneVerifier,
  readSignatureFlag,
  required,
} from "./proposal.ts";

const kind = "rekord";
const signatureBytesMax = 1 << 20;

/** A signature over an artifact, which the log gets whole. */
export const rekord: ProposalKind = {
  kind,
  versions: ["0.0.1"],
  async make(version, needs) {
    const label = required(needs.flags.artifact, "--artifact FILE", kind);
    const artifact = await collect(
      await openArtifactFlag(label, needs),
      "artifact",
      documentBytesMax,
    );
    return needs.flags.pkiFormat === "x509"
      ? makeX509(version, artifact, needs)
      : makeOther(version, artifact, needs);
  },
};

async function makeX509(
  version: string,
  artifact: Uint8Array,
  needs: ProposalNeeds,
): Promise<Proposal> {
  const signature = {
    format: "x509",
    content: encodeBase64(await readSignatureFlag(kind, needs)),
    publicKey: { content: pemOf(await readOneVerifier(kind, needs)) },
  };
  const entry = (data: JsonObject): JsonObject => ({
    apiVersion: version,
    kind,
    spec: { signature, data },
  });
  const stored = entry({ hash: hexHash("sha256", sha256(artifact)) });
  return {
    value: entry({ content: encodeBase64(artifact) }),
    body: utf8Bytes(canonicalizeJcs(stored)),
  };
}

/** Signatures and keys of other formats are sent as they are, for the log to read. */
async function makeOther(
  version: string,
  artifact: Uint8Array,
  needs: ProposalNeeds,
): Promise<Proposal> {
  const { flags } = needs;
  const read = async (label: string | undefined, flag: string): Promise<string> => {
    const what = flag.slice(2);
    const bytes = await readWhole(required(label, flag, kind), what, signatureBytesMax, needs);
    return encodeBase64(bytes);
  };
  const spec = {
    signature: {
      format: flags.pkiFormat,
      content: await read(flags.signature, "--signature"),
      publicKey: { content: await read(flags.publicKey[0], "--public-key") },
    },
    data: { content: encodeBase64(artifact) },
  };
  return { value: { apiVersion: version, kind, spec }, body: undefined };
}
