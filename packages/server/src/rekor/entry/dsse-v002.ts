// SPDX-License-Identifier: Apache-2.0
import { compareBytes, encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { sha256 } from "@chancery/formats/crypto";
import { preAuthenticationEncoding } from "@chancery/formats/dsse";
import { SearchKeys } from "../search-keys.ts";
import type { SignatureChecks } from "../signature-checks.ts";
import { addStatementKeys } from "./envelope-v1.ts";
import type { EntryKindHandler } from "./handler.ts";
import { ProtoMessage } from "./proto-json.ts";
import { canonicalBody } from "./spec-v1.ts";
import { decodeVerifierV2, refused, verifierFields, type VerifierV2 } from "./verifier-v2.ts";
import { addVerifierKeys } from "./x509-verifier.ts";

const [kind, version] = ["dsse", "0.0.2"];
const verifiersMax = 10;
const signaturesMax = 10;

/**
 * A DSSE envelope as early Rekor v2 logs took it. Withdrawn upstream in 2026, taken here because
 * published JavaScript clients still send it; newer clients log an envelope as a hashedrekord of
 * its PAE.
 */
export const dsseV002: EntryKindHandler = {
  kind,
  version,
  api: 2,

  async prepare(request, { checks, algorithms }) {
    const message = new ProtoMessage(request, ["envelope", "verifiers"]);
    const envelope = message.message("envelope", ["payload", "payloadType", "signatures"]);
    const verifierMessages = message.messages("verifiers", verifierFields);
    if (!envelope) throw refused("missing envelope");
    if (verifierMessages.length === 0) throw refused("missing verifiers");
    checkCount("verifiers", verifierMessages.length, verifiersMax);
    const payload = envelope.bytes("payload");
    const payloadType = envelope.string("payloadType");
    const signatures = readSignatures(envelope);
    const verifiers = verifierMessages.map((item) => decodeVerifierV2(item, algorithms));
    checkDistinct(verifiers);
    const pae = preAuthenticationEncoding(payloadType, payload);
    const made = await matchVerifiers(signatures, verifiers, pae, checks);
    const payloadHash = sha256(payload);
    const keys = new SearchKeys();
    for (const { verifier } of made) addVerifierKeys(keys, verifier, "prefixed");
    keys.add("text", `sha256:${encodeHex(payloadHash)}`);
    addStatementKeys(keys, { payloadType, payload });
    return {
      kind,
      version,
      body: canonicalBody(kind, version, {
        dsseV002: {
          payloadHash: { algorithm: "SHA2_256", digest: encodeBase64(payloadHash) },
          signatures: made.map(({ signature, verifier }) => ({
            content: encodeBase64(signature),
            verifier: verifier.stored,
          })),
        },
      }),
      keys,
    };
  },
};

/** Signatures by ascending bytes, each with who made it. */
interface MadeSignature {
  readonly signature: Uint8Array;
  readonly verifier: VerifierV2;
}

function readSignatures(envelope: ProtoMessage): Uint8Array[] {
  const items = envelope.messages("signatures", ["sig", "keyid"]);
  if (items.length === 0) throw refused("envelope missing signatures");
  checkCount("signatures", items.length, signaturesMax);
  const distinct = new Map<string, Uint8Array>();
  for (const item of items) {
    item.string("keyid");
    const sig = item.bytes("sig");
    if (sig.length === 0) throw refused("envelope signature empty");
    distinct.set(encodeHex(sig), sig);
  }
  return [...distinct.values()].toSorted(compareBytes);
}

/** Every verifier that is looked at must have made a signature, every signature must be made. */
async function matchVerifiers(
  signatures: readonly Uint8Array[],
  verifiers: readonly VerifierV2[],
  message: Uint8Array,
  checks: SignatureChecks,
): Promise<MadeSignature[]> {
  const made: (VerifierV2 | undefined)[] = signatures.map(() => undefined);
  for (const verifier of verifiers) {
    if (made.every((maker) => maker !== undefined)) break;
    const { key, algorithm } = verifier;
    // Over a message Ed25519 is pure, whichever of its two labels the verifier carries.
    const scheme = key.type === "ed25519" ? ({ kind: "ed25519" } as const) : algorithm.scheme;
    const results = await Promise.all(
      signatures.map((signature) => checks.message(key, scheme, message, signature)),
    );
    if (!results.includes(true)) {
      throw refused(
        "could not verify envelope: accepted signatures do not match threshold, Found: 0, Expected 1",
      );
    }
    for (const [i, verified] of results.entries()) if (verified) made[i] = verifier;
  }
  return signatures.map((signature, i) => {
    const verifier = made[i];
    if (!verifier) throw refused("all signatures must have a key that verifies it");
    return { signature, verifier };
  });
}

function checkCount(what: string, count: number, max: number): void {
  if (count > max) throw refused(`too many ${what}: ${count}, max allowed: ${max}`);
}

function checkDistinct(verifiers: readonly VerifierV2[]): void {
  const distinct = new Set(verifiers.map(({ stored }) => JSON.stringify(stored)));
  if (distinct.size < verifiers.length) throw refused("duplicate verifier");
}
