// SPDX-License-Identifier: Apache-2.0
import { access } from "node:fs/promises";
import { bundleLimits } from "@chancery/formats/bundle";
import { decodeBase64, decodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import {
  type Artifact,
  artifactFromBytes,
  artifactFromDigest,
  artifactForBundle,
  artifactFromStream,
  type Policy,
} from "@chancery/verify";
import type { VerificationFlags } from "../flags/index.ts";
import { CliError, type Invocation, type Io, usageError } from "../framework/index.ts";
import { openContent, pathOf, readWhole, startProgress } from "../files/index.ts";
import {
  bundleFromSignature,
  type ContentKind,
  readBundle,
  type ReadBundle,
  readCertificate,
  readSignature,
} from "./bundle.ts";

type Needs = Pick<Invocation<VerificationFlags>, "flags" | "io" | "report" | "signal">;

const certificateBytesMax = 1 << 20;

/**
 * The bundle to verify: `--bundle`, or `--signature`, or the one beside the file.
 * @param file the artifact as typed; absent where only its digest is known.
 * @throws CliError
 */
export async function openBundle(
  file: string | undefined,
  kind: ContentKind,
  needs: Needs,
): Promise<ReadBundle> {
  const { flags } = needs;
  const certificate =
    flags.certificate === undefined ? undefined : await openCertificate(flags.certificate, needs);
  if (flags.signature !== undefined) {
    if (flags.bundle !== undefined) {
      throw usageError("--bundle and --signature exclude each other", "pass one of them");
    }
    const content = await openSignature(flags.signature, kind, needs);
    return bundleFromSignature(content, kind, certificate);
  }
  const label = await bundleLabel(file, kind, needs);
  const bytes = await readWhole(label, "bundle", bundleLimits.sizeBytesMax, needs);
  const bundle = readBundle(bytes, label, kind, certificate);
  needs.report.detail(`bundle ${label}`);
  return bundle;
}

/**
 * The artifact to verify: in memory where it is small, else by its digests, which are computed in
 * one reading.
 */
export async function openArtifact(
  file: string,
  bundle: ReadBundle,
  policy: Policy,
  needs: Needs,
): Promise<Artifact> {
  const digest = /^sha(256|384|512):([0-9a-fA-F]+)$/.exec(file);
  if (digest && !(await exists(needs.io, file))) return digestArtifact(file);
  const content = await openContent(file, needs);
  if (content.bytes) return artifactFromBytes(content.bytes);
  const progress = startProgress(needs.io, `Reading ${file}`, content.sizeBytes);
  try {
    const chunks = counted(content.open(), progress.update);
    if (bundle instanceof Uint8Array) return await artifactFromStream(chunks);
    return await artifactForBundle(chunks, bundle, policy);
  } finally {
    progress.end();
  }
}

/** Where the bundle is: `--bundle`, or beside the file. @throws CliError */
export async function bundleLabel(
  file: string | undefined,
  kind: ContentKind,
  { flags, io }: Pick<Needs, "flags" | "io">,
): Promise<string> {
  return flags.bundle ?? findBundle(file, kind, io);
}

async function findBundle(file: string | undefined, kind: ContentKind, io: Io): Promise<string> {
  const command = kind === "message" ? "sign-blob" : "attest-blob";
  if (file === undefined || file === "-") {
    throw usageError("nothing says where the bundle is", "pass --bundle FILE");
  }
  const suffixes = [".sigstore.json", ".sigstore"];
  if (kind === "envelope") suffixes.unshift(".att.sigstore.json");
  for (const suffix of suffixes) if (await exists(io, `${file}${suffix}`)) return file + suffix;
  throw new CliError("usage", "bundle-missing", `there is no ${file}${suffixes[0]}`, {
    hint: `pass --bundle FILE; ${command} makes one`,
  });
}

export async function exists(io: Io, label: string): Promise<boolean> {
  try {
    await access(pathOf(io, label));
    return true;
  } catch {
    return false; // whatever is wrong shows when it is opened
  }
}

/** A path where there is such a file, else the signature itself. */
export async function openSignature(
  text: string,
  kind: ContentKind,
  needs: Pick<Needs, "io" | "signal">,
): Promise<Uint8Array> {
  if (text === "-" || (await exists(needs.io, text))) {
    const bytes = await readWhole(text, "signature", bundleLimits.sizeBytesMax, needs);
    const isJson = kind === "envelope" && bytes[0] === 0x7b;
    return isJson ? bytes : readSignature(bytes);
  }
  if (kind === "envelope" && text.startsWith("{")) return utf8Bytes(text);
  try {
    const bytes = decodeBase64(text);
    if (bytes.length > 0) return bytes;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  throw usageError(
    `--signature ${text.slice(0, 64)}: neither a file nor a signature in base64`,
    "check the path",
    "file-missing",
  );
}

/** The signer's certificate from a file in PEM, or base64 of that. @throws CliError */
export async function openCertificate(
  label: string,
  needs: Pick<Needs, "io" | "signal">,
): Promise<Uint8Array> {
  const bytes = await readWhole(label, "certificate", certificateBytesMax, needs);
  try {
    return readCertificate(bytes);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const hint = "name a certificate in PEM";
    throw new CliError("usage", "certificate-malformed", `${label}: ${error.message}`, {
      hint,
      cause: error,
    });
  }
}

function digestArtifact(text: string): Artifact {
  const [name, hex = ""] = text.split(":");
  const sizes = { sha256: 64, sha384: 96, sha512: 128 } as const;
  const algorithm = name as keyof typeof sizes;
  if (hex.length !== sizes[algorithm]) {
    throw usageError(`${text}: a ${algorithm} has ${sizes[algorithm]} digits, not ${hex.length}`);
  }
  return artifactFromDigest(algorithm, decodeHex(hex));
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: (bytesRead: number) => void,
): AsyncIterable<Uint8Array> {
  let bytesRead = 0;
  for await (const chunk of chunks) {
    yield chunk;
    onProgress((bytesRead += chunk.length));
  }
}
