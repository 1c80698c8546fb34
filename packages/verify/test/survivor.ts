// SPDX-License-Identifier: Apache-2.0
// What may differ between a bundle that verifies and a changed one that verifies, too: only what
// nobody signs and nothing rests on. Anything else that survives a change is a hole.
import type { Bundle, KeyMaterial, LogEntry } from "@chancery/formats/bundle";
import { bytesEqual, encodeHex } from "@chancery/formats/bytes";
import { entryApiVersion } from "@chancery/formats/entry";
import { type NoteSignature, parseNote } from "@chancery/formats/note";
import { decodeTimestampResponse } from "@chancery/formats/tsp";

/** Why a difference is harmless, by name; undefined where there is none. */
export type Harmless =
  | "version" // 0.1 and 0.2 differ in what they demand, not in what is checked
  | "hint"
  | "keyid"
  | "extra certificates"
  | "index over all shards, without promise"
  | "integrated time, without promise"
  | "proof without checkpoint"
  | "signature lines of other keys"
  | "unsigned parts of a timestamp";

/**
 * The harmless differences of two bundles.
 * @returns "other" among them where anything that is signed, or rested upon, differs.
 */
export function differences(original: Bundle, changed: Bundle): (Harmless | "other")[] {
  const found: (Harmless | "other")[] = [];
  if (original.mediaType !== changed.mediaType) {
    const old = ["0.1", "0.2"];
    const both = old.includes(original.version) && old.includes(changed.version);
    const same = original.version === changed.version;
    found.push(both || same ? "version" : "other");
  }
  found.push(...materialDifferences(original.keyMaterial, changed.keyMaterial));
  found.push(...contentDifferences(original.content, changed.content));
  if (original.tlogEntries.length !== changed.tlogEntries.length) found.push("other");
  original.tlogEntries.forEach((entry, i) => {
    const other = changed.tlogEntries[i];
    if (other) found.push(...entryDifferences(entry, other));
  });
  if (original.timestamps.length !== changed.timestamps.length) found.push("other");
  original.timestamps.forEach((der, i) => {
    const other = changed.timestamps[i];
    if (!other || bytesEqual(der, other)) return;
    found.push(
      signedPartsOf(der) === signedPartsOf(other) ? "unsigned parts of a timestamp" : "other",
    );
  });
  return found;
}

function materialDifferences(a: KeyMaterial, b: KeyMaterial): (Harmless | "other")[] {
  if (a.kind === "publicKey" && b.kind === "publicKey") return a.hint === b.hint ? [] : ["hint"];
  if (a.kind === "certificate" && b.kind === "certificate") {
    return bytesEqual(a.certificate, b.certificate) ? [] : ["other"];
  }
  if (a.kind !== "chain" || b.kind !== "chain") return ["other"];
  const [leafA, ...extraA] = a.certificates.map(encodeHex);
  const [leafB, ...extraB] = b.certificates.map(encodeHex);
  if (leafA !== leafB) return ["other"];
  return extraA.join() === extraB.join() ? [] : ["extra certificates"];
}

function contentDifferences(a: Bundle["content"], b: Bundle["content"]): (Harmless | "other")[] {
  if (plain(a) === plain(b)) return [];
  if (a.kind !== "envelope" || b.kind !== "envelope") return ["other"];
  const withoutKeyid = ({ envelope }: typeof a): string =>
    plain({ ...envelope, signatures: envelope.signatures.map(({ sig }) => sig) });
  return withoutKeyid(a) === withoutKeyid(b) ? ["keyid"] : ["other"];
}

function entryDifferences(a: LogEntry, b: LogEntry): (Harmless | "other")[] {
  const found: (Harmless | "other")[] = [];
  const promised = a.inclusionPromise !== undefined;
  if (a.integratedTime !== b.integratedTime) {
    found.push(promised ? "other" : "integrated time, without promise");
  }
  if (a.logIndex !== b.logIndex) {
    const free = !promised && entryApiVersion(a.kind, a.kindVersion) === 1;
    found.push(free ? "index over all shards, without promise" : "other");
  }
  const rest = ({
    inclusionProof: _proof,
    integratedTime: _time,
    logIndex: _index,
    ...entry
  }: LogEntry) => plain(entry);
  if (rest(a) !== rest(b)) found.push("other");
  const [proofA, proofB] = [a.inclusionProof, b.inclusionProof];
  if (plain(proofA) === plain(proofB)) return found;
  if (!proofA || !proofB) return [...found, "other"];
  if (proofA.checkpoint === undefined && proofB.checkpoint === undefined) {
    return [...found, "proof without checkpoint"];
  }
  const bare = ({ checkpoint: _checkpoint, ...proof }: typeof proofA): string => plain(proof);
  if (bare(proofA) !== bare(proofB)) found.push("other");
  if (proofA.checkpoint !== proofB.checkpoint) {
    const same = ownNote(proofA.checkpoint, a.logId) === ownNote(proofB.checkpoint, a.logId);
    found.push(same ? "signature lines of other keys" : "other");
  }
  return found;
}

/** A note's text and the signatures of the log's key. */
function ownNote(checkpoint: string | undefined, logId: Uint8Array): string {
  const note = parseNote(checkpoint ?? "");
  const own = ({ keyHash }: NoteSignature): boolean => bytesEqual(keyHash, logId.subarray(0, 4));
  return plain([note.text, note.signatures.filter(own)]);
}

/** All of a timestamp that the authority signed, and its signature. */
function signedPartsOf(der: Uint8Array): string {
  const { status, token } = decodeTimestampResponse(der);
  return plain([status, token?.eContent, token?.attributes.signedBytes, token?.signature]);
}

/** A text of a value that is equal where the values are. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_name, item: unknown) => {
    if (item instanceof Uint8Array) return encodeHex(item);
    return typeof item === "bigint" ? `${item}n` : item;
  });
}
