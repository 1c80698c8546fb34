// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8, encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { encodePublicKeyPem, type HashName, type PublicKey } from "@chancery/formats/crypto";
import type { LoggedVerifier } from "@chancery/formats/entry";
import type { JsonObject } from "@chancery/formats/json";
import { encodePem } from "@chancery/formats/pem";
import { decodeCertificate } from "@chancery/formats/x509";
import { readPublicKey } from "@chancery/sign";
import type { ArtifactFlags } from "../../flags/index.ts";
import { type Invocation, usageError } from "../../framework/index.ts";
import { openCertificate, openSignature } from "../../verification/index.ts";
import { readWhole } from "../../files/index.ts";

export type ProposalNeeds = Pick<Invocation<ArtifactFlags>, "flags" | "io" | "signal">;

/** What is proposed to a log, and what it must then store. */
export interface Proposal {
  readonly value: JsonObject;
  /** The leaf; undefined where only the server can say how it writes the entry. */
  readonly body: Uint8Array | undefined;
}

/** One kind of entry, as its flags describe it. A new one is a file and a line in `index.ts`. */
export interface ProposalKind {
  readonly kind: string;
  /** The first is the default. */
  readonly versions: readonly string[];
  /** @throws CliError */
  make(version: string, needs: ProposalNeeds): Promise<Proposal>;
}

const keyBytesMax = 1 << 20;
/** What a log may be sent in one piece. */
export const documentBytesMax: number = 32 << 20;

/** The value of a flag that the kind needs. @throws CliError */
export function required<T>(value: T | undefined, flag: string, kind: string): T {
  if (value !== undefined) return value;
  throw usageError(`${kind} needs ${flag}`, "see chancery log upload --help");
}

/** `--signature`. */
export function readSignatureFlag(kind: string, needs: ProposalNeeds): Promise<Uint8Array> {
  const label = required(needs.flags.signature, "--signature FILE", kind);
  return openSignature(label, "message", needs);
}

/** Each `--public-key`: keys, and certificates. @throws CliError | SignError */
export async function readVerifiers(
  kind: string,
  needs: ProposalNeeds,
): Promise<[LoggedVerifier, ...LoggedVerifier[]]> {
  const { publicKey: labels, pkiFormat } = needs.flags;
  if (pkiFormat !== "x509") {
    throw usageError(`${kind} takes --pki-format x509 alone`, "other formats go with rekord");
  }
  const [first, ...others] = await Promise.all(labels.map((label) => readVerifier(label, needs)));
  return [required(first, "--public-key FILE", kind), ...others];
}

/** `--public-key` where it may be only one. @throws CliError | SignError */
export async function readOneVerifier(kind: string, needs: ProposalNeeds): Promise<LoggedVerifier> {
  const [verifier, ...others] = await readVerifiers(kind, needs);
  if (others.length === 0) return verifier;
  throw usageError(`${kind} takes one --public-key, not ${others.length + 1}`);
}

async function readVerifier(label: string, needs: ProposalNeeds): Promise<LoggedVerifier> {
  const text = decodeUtf8(await readWhole(label, "public key", keyBytesMax, needs), label);
  if (!text.includes("-----BEGIN CERTIFICATE")) {
    return { kind: "publicKey", key: readPublicKey(text) };
  }
  return { kind: "certificate", certificate: await openCertificate(label, needs) };
}

export function keyOf(verifier: LoggedVerifier): PublicKey {
  return verifier.kind === "publicKey"
    ? verifier.key
    : decodeCertificate(verifier.certificate).publicKey;
}

/** Base64 of the verifier's PEM, as Rekor v1 is sent it. */
export function pemOf(verifier: LoggedVerifier): string {
  const pem =
    verifier.kind === "certificate"
      ? encodePem("CERTIFICATE", verifier.certificate)
      : encodePublicKeyPem(verifier.key);
  return encodeBase64(utf8Bytes(pem));
}

export function hexHash(algorithm: HashName, digest: Uint8Array): JsonObject {
  return { algorithm, value: encodeHex(digest) };
}
