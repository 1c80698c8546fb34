// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import type {
  BundleInspection,
  CertificateInspection,
  CheckpointInspection,
  ContentInspection,
  LogEntryInspection,
  ProofInspection,
  SignerInspection,
  TimestampInspection,
} from "@chancery/formats/inspect";
import type { Paint } from "../framework/index.ts";
import { type Branch, drawTree } from "./tree.ts";

const subjectsShown = 20;

/** The inspection for people: what is there as a tree, then what is wrong. */
export function inspectionText(inspection: BundleInspection, paint: Paint): string {
  const { signer, logEntries, timestamps, content, problems } = inspection;
  const tree = drawTree([
    signer && signerBranch(signer),
    ...logEntries.map(entryBranch),
    ...timestamps.map(timestampBranch),
    content && contentBranch(content),
  ]);
  const faults = drawTree(
    problems.map(({ place, code, message }) => ({
      label: place === "" ? "bundle" : place,
      value: `${message} (${code})`,
    })),
  );
  return [
    `${paint.bold(title(inspection))}, ${paint.yellow("not verified")}`,
    ...tree,
    ...(faults.length === 0 ? [] : [paint.red("cannot be verified as it is"), ...faults]),
    "",
  ].join("\n");
}

function title({ format, version, mediaType }: BundleInspection): string {
  if (format === "legacy") return "cosign's older bundle";
  if (version === undefined) return "bundle of an unknown version";
  return `Sigstore bundle of version ${version} (${mediaType})`;
}

function signerBranch(signer: SignerInspection): Branch {
  if (signer.kind === "publicKey") {
    return { label: "signer", value: "key", below: [{ label: "hint", value: signer.hint }] };
  }
  const [leaf, ...others] = signer.certificates;
  return {
    label: "signer",
    value: leaf ? "certificate" : "certificate that cannot be read",
    below: [
      ...(leaf ? certificateBranches(leaf) : []),
      ...others.map((certificate) => ({
        label: "further certificate",
        value: certificate.subjectName,
        below: certificateBranches(certificate),
      })),
    ],
  };
}

function certificateBranches(certificate: CertificateInspection): Branch[] {
  const { identity, issuer, claims = {}, scts, authority } = certificate;
  const others = Object.entries(claims).filter(([name]) => !name.startsWith("issuer"));
  return [
    { label: "identity", value: identity && `${identity.value} (${identity.kind})` },
    { label: "issuer", value: issuer },
    { label: "valid", value: `${time(certificate.notBefore)} to ${time(certificate.notAfter)}` },
    { label: "claims", below: others.map(([label, value]) => ({ label, value })) },
    { label: "key", value: certificate.keyAlgorithm },
    { label: "issued by", value: named(certificate.issuerName, authority) },
    { label: "serial number", value: encodeHex(certificate.serialNumber) },
    { label: "SHA-256", value: encodeHex(certificate.sha256) },
    ...scts.map(({ logId, log, time: at }) => ({
      label: "SCT",
      value: `${time(at)} by CT log ${named(encodeHex(logId), log)}`,
    })),
  ];
}

function entryBranch(entry: LogEntryInspection): Branch {
  const { logId, log, kind = "?", kindVersion = "?", logIndex, body } = entry;
  return {
    label: "log entry",
    value: `${kind} ${kindVersion}${logIndex === undefined ? "" : ` at index ${logIndex}`}`,
    below: [
      { label: "log", value: logId && named(encodeHex(logId), log) },
      { label: "time", value: entry.integratedTime && time(entry.integratedTime) },
      { label: "promise (SET)", value: entry.hasPromise ? "there is one" : "none" },
      entry.proof ? proofBranch(entry.proof) : { label: "inclusion proof", value: "none" },
      {
        label: "states",
        value:
          body && `${body.hash}:${encodeHex(body.digest)} of the ${body.covers}, by ${by(body)}`,
      },
    ],
  };
}

function by(body: NonNullable<LogEntryInspection["body"]>): string {
  return body.signer === "certificate" ? "a certificate" : "a key";
}

function proofBranch({ logIndex, treeSize, hashCount, checkpoint }: ProofInspection): Branch {
  const hashes = hashCount === undefined ? "" : `, ${hashCount} hashes`;
  return {
    label: "inclusion proof",
    value: `leaf ${logIndex ?? "?"} of ${treeSize ?? "?"}${hashes}`,
    below: checkpoint ? [checkpointBranch(checkpoint)] : [{ label: "checkpoint", value: "none" }],
  };
}

function checkpointBranch(checkpoint: CheckpointInspection): Branch {
  const { origin, size, rootHash, extensions, signatures } = checkpoint;
  return {
    label: "checkpoint",
    value: `${origin}, size ${size}`,
    below: [
      { label: "root hash", value: encodeHex(rootHash) },
      ...extensions.map((value) => ({ label: "line", value })),
      ...signatures.map(({ name, keyHash, role, time: at }) => ({
        label: { log: "signed by", witness: "cosigned by", other: "other signature by" }[role],
        value: `${name}, key ${encodeHex(keyHash)}${at ? `, at ${time(at)}` : ""}`,
      })),
    ],
  };
}

function timestampBranch(timestamp: TimestampInspection): Branch {
  const { status, time: at, hash, imprint, issuerName, authority, certificateCount } = timestamp;
  return {
    label: "timestamp",
    value: at ? time(at) : `refused by the authority: ${status}`,
    below: [
      {
        label: "authority",
        value: authority ?? (issuerName && named(`certified by ${issuerName}`, authority)),
      },
      { label: "over", value: imprint && `${hash}:${encodeHex(imprint)}` },
      { label: "policy", value: timestamp.policy },
      { label: "serial number", value: timestamp.serialNumber?.toString(16) },
      { label: "certificates inside", value: certificateCount?.toString() },
    ],
  };
}

function contentBranch(content: ContentInspection): Branch {
  if (content.kind === "message") {
    const { digestAlgorithm = "?", digest, signatureSizeBytes } = content;
    return {
      label: "signed",
      value: "a file",
      below: [
        { label: "digest", value: digest && `${digestAlgorithm}:${encodeHex(digest)}` },
        { label: "signature", value: signatureSizeBytes && `${signatureSizeBytes} bytes` },
      ].map(({ label, value }) => ({ label, value: value || undefined })),
    };
  }
  const { payloadType, payloadSizeBytes, statement, signatureCount } = content;
  const subjects = statement?.subjects ?? [];
  const more = subjects.length - subjectsShown;
  return {
    label: "signed",
    value: statement ? "a statement" : "an envelope",
    below: [
      { label: "payload", value: `${payloadType}, ${payloadSizeBytes} bytes` },
      { label: "signatures", value: signatureCount === 1 ? undefined : String(signatureCount) },
      { label: "statement type", value: statement?.type },
      { label: "predicate type", value: statement?.predicateType },
      ...subjects.slice(0, subjectsShown).map(({ name, digest }) => ({
        label: "subject",
        value: name ?? "unnamed",
        below: Object.entries(digest).map(([label, value]) => ({ label, value })),
      })),
      { label: "and more subjects", value: more > 0 ? String(more) : undefined },
    ],
  };
}

function named(text: string, name: string | null | undefined): string {
  if (name === undefined) return text;
  return name === null ? `${text}, which the trusted root does not know` : `${name} (${text})`;
}

/** Without fractions that are zero. */
function time(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}
