// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { decodeEnvelope, type Envelope } from "@chancery/formats/dsse";
import { encodeEntryBody, type EntryClaims, type LoggedVerifier } from "@chancery/formats/entry";
import { type JsonObject, parseJson } from "@chancery/formats/json";
import { usageError } from "../../framework/index.ts";
import { readWhole } from "../../files/index.ts";
import {
  documentBytesMax,
  hexHash,
  pemOf,
  type ProposalKind,
  type ProposalNeeds,
  readOneVerifier,
  readVerifiers,
  required,
} from "./proposal.ts";

/** A DSSE envelope, of which the log keeps digests and signatures. */
export const dsse: ProposalKind = {
  kind: "dsse",
  versions: ["0.0.1"],
  async make(version, needs) {
    const { text, envelope } = await readEnvelope("dsse", needs);
    const verifiers = await readVerifiers("dsse", needs);
    const proposedContent = { envelope: text, verifiers: verifiers.map(pemOf) };
    const spec = { proposedContent };
    return {
      value: { apiVersion: version, kind: "dsse", spec },
      body: storedBody("dsse", version, text, envelope, verifiers),
    };
  },
};

/** The same in the older kind, whose payload the log may keep. */
export const intoto: ProposalKind = {
  kind: "intoto",
  versions: ["0.0.2", "0.0.1"],
  async make(version, needs) {
    const { text, envelope } = await readEnvelope("intoto", needs);
    const entry = (spec: JsonObject): JsonObject => ({ apiVersion: version, kind: "intoto", spec });
    if (version === "0.0.1") {
      const publicKey = pemOf(await readOneVerifier("intoto", needs));
      return { value: entry({ content: { envelope: text }, publicKey }), body: undefined };
    }
    const verifiers = await readVerifiers("intoto", needs);
    if (verifiers.length !== envelope.signatures.length) {
      throw usageError(
        `the envelope has ${envelope.signatures.length} signatures, for ${verifiers.length} keys`,
        "pass a --public-key for each signature, in their order",
      );
    }
    const { payload, payloadType, signatures } = envelope;
    const content = {
      envelope: {
        payloadType,
        payload: base64Twice(payload),
        signatures: signatures.map(({ sig, keyid }, i) => ({
          ...(keyid ? { keyid } : {}),
          sig: base64Twice(sig),
          publicKey: pemOf(verifiers[i] as LoggedVerifier),
        })),
      },
      hash: hexHash("sha256", sha256(utf8Bytes(text))),
    };
    const named = signatures.some(({ keyid }) => keyid);
    const body = named
      ? undefined
      : storedBody("intoto", version, text, envelope, verifiers, payloadType);
    return { value: entry({ content }), body };
  },
};

async function readEnvelope(
  kind: string,
  needs: ProposalNeeds,
): Promise<{ readonly text: string; readonly envelope: Envelope }> {
  const label = required(needs.flags.artifact, "--artifact ENVELOPE", kind);
  const bytes = await readWhole(label, "DSSE envelope", documentBytesMax, needs);
  const limits = { sizeBytesMax: documentBytesMax, depthMax: 16, valuesMax: 1 << 10 };
  const envelope = decodeEnvelope(parseJson(bytes, "DSSE envelope", limits), "DSSE envelope");
  return { text: decodeUtf8(bytes, label), envelope };
}

/** What the log stores; undefined where only it finds out which key made which signature. */
function storedBody(
  kind: string,
  version: string,
  text: string,
  { payload, signatures }: Envelope,
  verifiers: readonly LoggedVerifier[],
  payloadType?: string,
): Uint8Array | undefined {
  if (kind === "dsse" && (signatures.length !== 1 || verifiers.length !== 1)) return undefined;
  const made = signatures.map(({ sig }, i) => ({
    signature: sig,
    verifier: verifiers[i] as LoggedVerifier,
  }));
  return encodeEntryBody(kind, version, {
    signatures: made as unknown as EntryClaims["signatures"],
    content: { covers: "payload", hash: "sha256", digest: sha256(payload) },
    envelope: {
      sha256: sha256(utf8Bytes(text)),
      ...(payloadType === undefined ? {} : { payloadType }),
    },
  });
}

function base64Twice(bytes: Uint8Array): string {
  return encodeBase64(utf8Bytes(encodeBase64(bytes)));
}
