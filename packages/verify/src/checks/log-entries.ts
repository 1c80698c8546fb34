// SPDX-License-Identifier: Apache-2.0
import type { Bundle, LogEntry, LogInclusionProof } from "@chancery/formats/bundle";
import { bytesEqual, encodeBase64, encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { verifySignature } from "@chancery/formats/crypto";
import { entryApiVersion } from "@chancery/formats/entry";
import { FormatError } from "@chancery/formats/errors";
import { leafHash, MerkleError, verifyInclusion } from "@chancery/formats/merkle";
import {
  noteVerifier,
  parseSignedCheckpoint,
  type SignedCheckpoint,
  verifyNoteSignature,
} from "@chancery/formats/note";
import type { TransparencyLog } from "@chancery/formats/trust";
import type { EvidenceBuilder, VerifiedLogEntry } from "../evidence.ts";
import { inUse, logsById, type TrustMaterial } from "../trust-material.ts";

/** An entry of a log that the trusted root names, as far as the log vouches for it. */
export interface CheckedLogEntry {
  readonly entry: LogEntry;
  readonly about: string;
  readonly log: TransparencyLog;
  /** Every listing of the log's key: its period may be split. */
  readonly listings: readonly TransparencyLog[];
  /** Present when the log signed a promise that holds the time. */
  readonly promisedTime?: Date;
  readonly included: boolean;
}

const REKOR_V1_ORIGIN = /^(.+) - [0-9]+$/;

/**
 * Step 2 of the client specification: every entry must be vouched for by a log of the trusted root,
 * with a signed promise (SET), an inclusion proof under a signed checkpoint, or both. Version 0.1
 * demands the promise, later versions the proof. One bad entry fails the bundle.
 */
export function checkLogEntries(
  bundle: Pick<Bundle, "version" | "tlogEntries">,
  trust: TrustMaterial,
  evidence: EvidenceBuilder,
): CheckedLogEntry[] {
  const seen = new Set<string>();
  return bundle.tlogEntries.flatMap((entry, i) => {
    const about = `tlogEntries[${i}]`;
    const id = `${encodeHex(entry.logId)} ${entry.logIndex}`;
    if (seen.has(id)) {
      evidence.fail(
        "log-promise",
        "log-entry-duplicate",
        `index ${entry.logIndex} twice`,
        {},
        about,
      );
      return [];
    }
    seen.add(id);
    return checkLogEntry(bundle, entry, about, trust, evidence) ?? [];
  });
}

/** What the evidence says of an entry that is vouched for and is of the bundle's signature. */
export function describeLogEntry(checked: CheckedLogEntry): VerifiedLogEntry {
  const { entry, log, promisedTime, included } = checked;
  // Nothing but a promise covers the index that Rekor v1 counts over all shards.
  const indexed = promisedTime !== undefined || isVersion2(entry);
  return {
    log: log.baseUrl,
    ...(included && entry.inclusionProof ? { leafIndex: entry.inclusionProof.logIndex } : {}),
    ...(indexed ? { logIndex: entry.logIndex } : {}),
    kind: `${entry.kind} ${entry.kindVersion}`,
    ...(promisedTime ? { integratedTime: promisedTime } : {}),
    promise: promisedTime !== undefined,
    inclusion: included,
  };
}

function isVersion2({ kind, kindVersion }: LogEntry): boolean {
  return entryApiVersion(kind, kindVersion) === 2;
}

function checkLogEntry(
  bundle: Pick<Bundle, "version">,
  entry: LogEntry,
  about: string,
  trust: TrustMaterial,
  evidence: EvidenceBuilder,
): CheckedLogEntry | undefined {
  const candidates = logsById(trust.tlogs, entry.logId);
  if (candidates.length === 0) {
    return evidence.fail(
      "log-promise",
      "log-unknown",
      "the trusted root names no log with the entry's log id",
      { logId: encodeBase64(entry.logId) },
      about,
    );
  }
  const promisedTime = checkPromise(bundle, entry, about, candidates, evidence);
  const log = candidates.find((item) => !promisedTime || inUse(item, promisedTime));
  const included = checkInclusion(bundle, entry, about, log ?? candidates[0], evidence);
  if (!log || promisedTime === false || included === false) return undefined;
  return {
    entry,
    about,
    log,
    listings: candidates,
    ...(promisedTime ? { promisedTime } : {}),
    included: included === true,
  };
}

/**
 * The time of a valid promise; undefined where there is none and none is needed; false where the
 * check failed.
 */
function checkPromise(
  bundle: Pick<Bundle, "version">,
  entry: LogEntry,
  about: string,
  candidates: readonly TransparencyLog[],
  evidence: EvidenceBuilder,
): Date | undefined | false {
  const set = entry.inclusionPromise;
  const fail = (...[code, message, values]: FailArguments): false => {
    evidence.fail("log-promise", code, message, values, about);
    return false;
  };
  if (set !== undefined && isVersion2(entry)) {
    return fail("set-unexpected", "the entry is of Rekor v2 and has a promise");
  }
  if (set === undefined) {
    if (bundle.version === "0.1") return fail("set-missing", "the entry has no signed promise");
    return evidence.skip("log-promise", "not-required", "the log proves inclusion instead", about);
  }
  const time = new Date(Number(entry.integratedTime) * 1000);
  if (entry.integratedTime === 0n || Number.isNaN(time.getTime())) {
    return fail("set-invalid", "the promise is about no time", {
      integratedTime: String(entry.integratedTime),
    });
  }
  const signed = utf8Bytes(setPayload(entry));
  // The specification has Rekor v1 keys sign promises with ECDSA; the key's own scheme is that.
  const log = candidates.find(({ publicKey, algorithm }) =>
    verifySignature(publicKey, algorithm.scheme, signed, set),
  );
  if (!log) return fail("set-invalid", "the log's key did not sign this promise");
  const values = { integratedTime: time.toISOString(), log: log.baseUrl };
  if (!candidates.some((item) => inUse(item, time))) {
    return fail("log-key-not-valid-at-time", "the log's key was not in use at that time", values);
  }
  evidence.pass("log-promise", "the log promised the entry at a time it signed", values, about);
  return time;
}

/** Canonical JSON (RFC 8785) of what a SET signs; all values are plain ASCII. */
function setPayload(entry: LogEntry): string {
  const body = encodeBase64(entry.canonicalizedBody);
  const logId = encodeHex(entry.logId);
  return (
    `{"body":"${body}","integratedTime":${entry.integratedTime},` +
    `"logID":"${logId}","logIndex":${entry.logIndex}}`
  );
}

type FailArguments = [
  code: Parameters<EvidenceBuilder["fail"]>[1],
  message: string,
  values?: Readonly<Record<string, string>>,
];

/**
 * Whether the entry is proven to be in a tree whose root the log signed; undefined where there is
 * no such proof and none is needed.
 */
function checkInclusion(
  bundle: Pick<Bundle, "version">,
  entry: LogEntry,
  about: string,
  log: TransparencyLog | undefined,
  evidence: EvidenceBuilder,
): boolean | undefined {
  const proof = entry.inclusionProof;
  if (proof === undefined || log === undefined) {
    if (bundle.version === "0.1") {
      const message = "version 0.1 rests on the promise";
      return evidence.skip("log-inclusion", "not-required", message, about);
    }
    const message = "the entry has no proof";
    evidence.fail("log-inclusion", "inclusion-proof-missing", message, {}, about);
    return false;
  }
  if (proof.checkpoint === undefined) {
    const fields = ["log-checkpoint", "checkpoint-missing", "the proof has no checkpoint"] as const;
    // Very old bundles carry a proof whose root nobody signed: worth nothing beside the promise.
    if (bundle.version === "0.1" && entry.inclusionPromise) return evidence.skip(...fields, about);
    evidence.fail(...fields, {}, about);
    return false;
  }
  const checkpoint = checkCheckpoint(proof, log, about, evidence);
  return checkpoint !== undefined && checkProof(entry, proof, checkpoint, about, evidence);
}

/** The checkpoint, when the log signed it and it is of the proof's tree. */
function checkCheckpoint(
  proof: LogInclusionProof,
  log: TransparencyLog,
  about: string,
  evidence: EvidenceBuilder,
): SignedCheckpoint["checkpoint"] | undefined {
  const fail = (...[code, message, values]: FailArguments): undefined =>
    evidence.fail("log-checkpoint", code, message, values, about);
  let signed: SignedCheckpoint;
  try {
    signed = parseSignedCheckpoint(proof.checkpoint ?? "");
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const unsigned = cause.code === "missing-field" && cause.place === "signatures";
    return fail(unsigned ? "checkpoint-signature-missing" : "checkpoint-malformed", cause.message);
  }
  const { checkpoint, note } = signed;
  const names = checkpointNames(log);
  const name = REKOR_V1_ORIGIN.exec(checkpoint.origin)?.[1] ?? checkpoint.origin;
  const keyId = log.checkpointKeyId ?? log.logId;
  const values = { origin: checkpoint.origin, log: log.baseUrl, size: String(checkpoint.size) };
  if (!names.includes(name)) {
    return fail("checkpoint-origin-mismatch", "the checkpoint is of another log", values);
  }
  const { status } = verifyNoteSignature(note, noteVerifier(name, log.publicKey, keyId));
  if (status === "absent") {
    return fail("checkpoint-signature-missing", "no signature by the log's key", values);
  }
  if (status === "invalid") {
    return fail("checkpoint-signature-invalid", "the log's signature does not verify", values);
  }
  if (checkpoint.size !== proof.treeSize) {
    return fail("checkpoint-size-mismatch", "the checkpoint is of another tree size", {
      checkpoint: String(checkpoint.size),
      proof: String(proof.treeSize),
    });
  }
  if (!bytesEqual(checkpoint.rootHash, proof.rootHash)) {
    return fail("checkpoint-root-mismatch", "the checkpoint is of another root", {
      checkpoint: encodeBase64(checkpoint.rootHash),
      proof: encodeBase64(proof.rootHash),
    });
  }
  evidence.pass("log-checkpoint", "the log signed the root of its tree", values, about);
  return checkpoint;
}

function checkProof(
  entry: LogEntry,
  proof: LogInclusionProof,
  checkpoint: SignedCheckpoint["checkpoint"],
  about: string,
  evidence: EvidenceBuilder,
): boolean {
  const fail = (...[code, message, values]: FailArguments): false => {
    evidence.fail("log-inclusion", code, message, values, about);
    return false;
  };
  const values = { logIndex: String(proof.logIndex), treeSize: String(checkpoint.size) };
  // A Rekor v1 index counts over all shards, a v2 index is the leaf's own.
  if (isVersion2(entry) && entry.logIndex !== proof.logIndex) {
    return fail("inclusion-index-mismatch", "the entry and its proof differ in the index", {
      entry: String(entry.logIndex),
      proof: String(proof.logIndex),
    });
  }
  try {
    verifyInclusion({
      leafIndex: proof.logIndex,
      treeSize: checkpoint.size,
      leafHash: leafHash(entry.canonicalizedBody),
      proof: proof.hashes,
      rootHash: checkpoint.rootHash,
    });
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause;
    return fail("inclusion-proof-invalid", cause.message, { ...values, problem: cause.code });
  }
  evidence.pass("log-inclusion", "the entry is in the log's tree", values, about);
  return true;
}

/**
 * Names under which a log may sign its checkpoints: host, host with port, or URL without scheme.
 * Clients derive it in different ways; a name outside this set belongs to another log.
 */
function checkpointNames(log: TransparencyLog): readonly string[] {
  const schemaless = log.baseUrl.replace(/^[a-z]+:\/\//, "").replace(/\/+$/, "");
  const host = schemaless.split("/", 1)[0] ?? "";
  return [schemaless, host, host.replace(/:[0-9]+$/, "")];
}
