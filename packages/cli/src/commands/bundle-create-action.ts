// SPDX-License-Identifier: Apache-2.0
import {
  type Bundle,
  bundleFromLegacy,
  bundleLimits,
  bundleToJson,
  decodeLegacyBundle,
  encodeBundle,
  type LegacyBundle,
  type LegacySupplement,
} from "@chancery/formats/bundle";
import { createHasher, type HashName, hashSizes } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { isObject, ObjectDecoder, parseJson } from "@chancery/formats/json";
import { CliError, type Invocation, plainJson, usageError } from "../framework/index.ts";
import {
  allowDocument,
  checkStdinOnce,
  type DocumentFlags,
  emitDocument,
  openContent,
  readWhole,
} from "../files/index.ts";
import { openPublicKey } from "../keys/index.ts";
import { openCertificate, openSignature } from "../verification/index.ts";

export interface BundleCreateFlags extends DocumentFlags {
  readonly artifact?: string;
  readonly bundle?: string;
  readonly signature?: string;
  readonly attestation?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly rfc3161Timestamp?: string;
  readonly ignoreTlog: boolean;
  readonly rekorUrl?: string;
  readonly sk: boolean;
  readonly slot?: string;
}

type Needs = Invocation<BundleCreateFlags>;

const timestampBytesMax = 1 << 20;
/** Bundles are for their owner until they are published. */
const bundleMode = 0o600;

/** Makes a bundle of what other programs left in several files. */
export async function bundleCreateAction(invocation: Needs): Promise<void> {
  const { flags, report } = invocation;
  checkFlags(flags);
  await allowDocument(invocation);
  const legacy = await readSigned(invocation);
  checkLog(legacy, flags);
  const bundle = convert(legacy, await readSupplement(invocation), invocation);
  if (bundle.version === "0.1") {
    report.say("The bundle is of version 0.1: it has the log's promise, and no proof");
  }
  const json = plainJson({ mediaType: bundle.mediaType, bundle: bundleToJson(bundle) });
  await emitDocument(encodeBundle(bundle), json, bundleMode, invocation);
}

function checkFlags(flags: BundleCreateFlags): void {
  const { bundle, signature, attestation, certificate, key } = flags;
  const sources = [bundle, signature, attestation].filter((label) => label !== undefined);
  if (sources.length === 0) {
    throw usageError(
      "nothing says what the signature is",
      "pass --bundle OLD, --signature FILE or --attestation FILE",
    );
  }
  if (sources.length > 1) {
    throw usageError(
      "--bundle, --signature and --attestation exclude each other",
      "each holds a signature: pass the one that the bundle is to have",
    );
  }
  if (certificate !== undefined && key !== undefined) {
    throw usageError("--certificate and --key exclude each other", "pass the one that signed");
  }
  checkStdinOnce({
    "--artifact": flags.artifact,
    "--bundle": bundle,
    "--signature": signature,
    "--attestation": attestation,
    "--certificate": certificate,
    "--rfc3161-timestamp": flags.rfc3161Timestamp,
  });
}

async function readSigned(invocation: Needs): Promise<LegacyBundle> {
  const { bundle, signature, attestation } = invocation.flags;
  if (signature !== undefined) {
    return { signature: await openSignature(signature, "message", invocation) };
  }
  if (attestation !== undefined) {
    return { signature: await openSignature(attestation, "envelope", invocation) };
  }
  const label = bundle as string;
  const bytes = await readWhole(label, "bundle", bundleLimits.sizeBytesMax, invocation);
  const value = parseJson(bytes, "legacy bundle");
  if (isObject(value) && "mediaType" in value) {
    throw usageError(
      `${label} is a Sigstore bundle already`,
      `chancery bundle upgrade ${label}`,
      "bundle-not-legacy",
    );
  }
  return decodeLegacyBundle(bytes);
}

/** The log's entry is in the older bundle, or nowhere. */
function checkLog({ rekor }: LegacyBundle, { ignoreTlog, bundle }: BundleCreateFlags): void {
  if (ignoreTlog && rekor) {
    throw usageError(
      "--ignore-tlog is given, and the older bundle has the log's promise (SET)",
      "leave --ignore-tlog away",
    );
  }
  if (ignoreTlog || rekor) return;
  const message =
    bundle === undefined
      ? "the log's entry about the signature is missing"
      : `${bundle} has no log entry: its rekorBundle is missing`;
  throw usageError(
    `${message}, and logs are not asked for it`,
    "pass --bundle OLD that has it, or --ignore-tlog for a bundle without one",
    "log-entry-missing",
  );
}

async function readSupplement(invocation: Needs): Promise<LegacySupplement> {
  const { artifact, certificate, key, rfc3161Timestamp } = invocation.flags;
  const signer: LegacySupplement["signer"] =
    certificate !== undefined
      ? { kind: "certificate", certificate: await openCertificate(certificate, invocation) }
      : key !== undefined
        ? { kind: "publicKey", key: await openPublicKey(invocation.io, key, false) }
        : undefined;
  return {
    ...(signer ? { signer } : {}),
    timestamps:
      rfc3161Timestamp === undefined ? [] : [await readTimestamp(rfc3161Timestamp, invocation)],
    ...(artifact === undefined ? {} : { artifact: await digestsOf(artifact, invocation) }),
  };
}

/** cosign's `{"SignedRFC3161Timestamp": base64}`, or the response in DER. */
async function readTimestamp(label: string, invocation: Needs): Promise<Uint8Array> {
  const bytes = await readWhole(label, "timestamp", timestampBytesMax, invocation);
  if (bytes[0] === 0x30) return bytes;
  const decoder = new ObjectDecoder(parseJson(bytes, "timestamp file"), "timestamp file");
  const response = decoder.bytes("SignedRFC3161Timestamp");
  decoder.end();
  return response;
}

/** All digests that a log entry may state, from one reading. */
async function digestsOf(
  label: string,
  invocation: Needs,
): Promise<Partial<Record<HashName, Uint8Array>>> {
  const content = await openContent(label, invocation);
  const hashers = (Object.keys(hashSizes) as HashName[]).map(
    (name) => [name, createHasher(name)] as const,
  );
  for await (const chunk of content.open()) {
    for (const [, hasher] of hashers) hasher.update(chunk);
  }
  return Object.fromEntries(hashers.map(([name, hasher]) => [name, hasher.digest()]));
}

function convert(legacy: LegacyBundle, more: LegacySupplement, { flags }: Needs): Bundle {
  try {
    return bundleFromLegacy(legacy, more);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new CliError("usage", `bundle-${error.code}`, error.message, {
      hint: hintFor(error, flags),
      cause: error,
    });
  }
}

function hintFor({ code, place }: FormatError, flags: BundleCreateFlags): string {
  if (code === "missing-field" && place === "cert") return "pass --certificate FILE or --key REF";
  if (code === "missing-field" && flags.artifact === undefined) return "pass --artifact FILE";
  return code === "conflicting-fields"
    ? "the files belong to different signatures: check their names"
    : "check that the files are what the flags say";
}
