// SPDX-License-Identifier: Apache-2.0
// The eight classes of changes that sigstore-rust's fuzzer makes, on every bundle that verifies.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  attemptInPlace,
  conformanceSubjects,
  ownSubjects,
  type Subject,
} from "../test/subjects.ts";

/** Changes a bundle's JSON value. False where the bundle has nothing of the kind. */
type Edit = (value: any, foreign: any) => unknown;

const entries = (value: any): any[] => value.verificationMaterial.tlogEntries ?? [];
const proofs = (value: any): any[] =>
  entries(value).flatMap(({ inclusionProof }) => inclusionProof ?? []);
const notes = (value: any): any[] => proofs(value).flatMap(({ checkpoint }) => checkpoint ?? []);
const signed = (value: any): any =>
  value.messageSignature ?? {
    get signature() {
      return value.dsseEnvelope.signatures[0].sig;
    },
  };

/** Base64 of changed bytes. */
function bytes(text: string, change: (bytes: Buffer) => Buffer | undefined): string {
  const buffer = Buffer.from(text, "base64");
  return (change(buffer) ?? buffer).toString("base64");
}

const flip =
  (at: (length: number) => number) =>
  (text: string): string =>
    bytes(text, (buffer) => {
      const index = at(buffer.length);
      buffer[index] = (buffer[index] as number) ^ 1;
      return buffer;
    });
const flips = [0, 0.2, 0.4, 0.6, 0.8].map((part) => flip((length) => Math.floor(part * length)));
const lastBit = flip((length) => length - 1);
const cut = (text: string): string => bytes(text, (buffer) => buffer.subarray(0, -1));
const longer = (text: string): string =>
  bytes(text, (buffer) => Buffer.concat([buffer, Buffer.alloc(1)]));
const each = (list: readonly any[], edit: (item: any) => void): unknown => {
  for (const item of list) edit(item);
  return list.length > 0;
};
/** One edit for each way to change a text. */
const ways = (
  name: string,
  texts: readonly ((text: string) => string)[],
  apply: (value: any, change: (text: string) => string) => unknown,
): [string, Edit][] => texts.map((change, i) => [`${name} ${i}`, (value) => apply(value, change)]);
const allWays = [...flips, lastBit, cut, longer];

function setSignature(value: any, change: (text: string) => string): void {
  if (value.messageSignature) {
    value.messageSignature.signature = change(value.messageSignature.signature);
  } else {
    const [signature] = value.dsseEnvelope.signatures;
    signature.sig = change(signature.sig);
  }
}

function setCertificate(value: any, change: (text: string) => string): unknown {
  const { certificate, x509CertificateChain } = value.verificationMaterial;
  const holder = certificate ?? x509CertificateChain?.certificates[0];
  if (!holder) return false;
  holder.rawBytes = change(holder.rawBytes);
  return true;
}

function setBody(value: any, change: (body: any) => void): unknown {
  return each(entries(value), (entry) => {
    const body = JSON.parse(Buffer.from(entry.canonicalizedBody, "base64").toString());
    change(body);
    entry.canonicalizedBody = Buffer.from(JSON.stringify(body)).toString("base64");
  });
}

function stampsOf(value: any): any[] {
  return value.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? [];
}

/** A GeneralizedTime in a token, moved by a year. */
function laterYear(der: Buffer): Buffer | undefined {
  const at = der.indexOf(Buffer.from("20", "latin1"), der.indexOf(Buffer.of(0x18, 0x0f)));
  if (at === -1) return undefined;
  der[at + 3] = 0x30 + (((der[at + 3] as number) - 0x30 + 1) % 10);
  return der;
}

const classes: Readonly<Record<string, readonly [string, Edit][]>> = {
  signature: [
    ...ways("changed", allWays, (value, change) => setSignature(value, change)),
    ["of another bundle", (value, foreign) => setSignature(value, () => signed(foreign).signature)],
    ["of zeros", (value) => setSignature(value, (text) => bytes(text, (all) => all.fill(0)))],
    [
      "twice",
      (value) => {
        if (!value.dsseEnvelope) return false;
        const { signatures } = value.dsseEnvelope;
        return signatures.push(signatures[0]);
      },
    ],
    ["none", (value) => setSignature(value, () => "")],
  ],
  certificate: [
    ...ways("changed", allWays, setCertificate),
    [
      "of another bundle",
      (value, foreign) => {
        const other = foreign.verificationMaterial.certificate?.rawBytes;
        return other !== undefined && setCertificate(value, () => other);
      },
    ],
    ["empty", (value) => setCertificate(value, () => "")],
    [
      "as a key",
      (value) => {
        const material = value.verificationMaterial;
        if (material.publicKey) return false;
        delete material.certificate;
        delete material.x509CertificateChain;
        return (material.publicKey = { hint: "x" });
      },
    ],
  ],
  Merkle: [
    ["one hash less", (value) => each(hashed(value), (proof) => proof.hashes.pop())],
    [
      "one hash more",
      (value) =>
        each(rooted(value), (proof) => (proof.hashes = [...(proof.hashes ?? []), proof.rootHash])),
    ],
    [
      "reversed",
      (value) =>
        each(
          hashed(value).filter(({ hashes }) => hashes.length > 1),
          (proof) => proof.hashes.reverse(),
        ),
    ],
    ...ways("hash changed", [...flips, lastBit], (value, change) =>
      each(hashed(value), (proof) => (proof.hashes[0] = change(proof.hashes[0]))),
    ),
    [
      "other index",
      (value) =>
        each(rooted(value), (proof) => (proof.logIndex = String(BigInt(proof.logIndex ?? 0) ^ 1n))),
    ],
    [
      "other size",
      (value) =>
        each(rooted(value), (proof) => (proof.treeSize = String(BigInt(proof.treeSize) + 1n))),
    ],
    ["size zero", (value) => each(rooted(value), (proof) => (proof.treeSize = "0"))],
    [
      "none",
      (value) =>
        !value.mediaType.endsWith("=0.1") &&
        each(entries(value), (entry) => delete entry.inclusionProof),
    ],
  ],
  checkpoint: [
    ...(
      [
        ["other origin", (text) => `x${text}`],
        ["other size", (text) => text.replace(/\n(\d+)\n/, (_all, size) => `\n${size}0\n`)],
        ["leading zero", (text) => text.replace(/\n(\d+)\n/, (_all, size) => `\n0${size}\n`)],
        ["another line", (text) => text.replace("\n\n", "\nmore\n\n")],
        ["a line less", (text) => text.replace(/^[^\n]*\n/, "")],
        ["no signatures", (text) => text.slice(0, text.indexOf("\n\n") + 2)],
        ["no final newline", (text) => text.slice(0, -1)],
        ["carriage returns", (text) => text.replaceAll("\n", "\r\n")],
        ["hyphens for dashes", (text) => text.replaceAll("\u2014", "-")],
        ["a blank line more", (text) => text.replace("\n\n", "\n\n\n")],
        ["a byte order mark", (text) => `\ufeff${text}`],
        ["empty", () => ""],
      ] as [string, (text: string) => string][]
    ).map(([name, change]): [string, Edit] => [
      name,
      (value) => each(notes(value), (note) => (note.envelope = change(note.envelope))),
    ]),
    [
      "of another bundle",
      (value, foreign) =>
        each(notes(value), (note) => (note.envelope = notes(foreign)[0].envelope)),
    ],
  ],
  hash: [
    ...ways("root", [...flips, cut, longer], (value, change) =>
      each(rooted(value), (proof) => (proof.rootHash = change(proof.rootHash))),
    ),
    ...ways("log id", [...flips, cut, longer], (value, change) =>
      each(entries(value), ({ logId }) => (logId.keyId = change(logId.keyId))),
    ),
    ...ways("digest", [...flips, cut, longer], (value, change) => {
      const digest = value.messageSignature?.messageDigest;
      return digest !== undefined && (digest.digest = change(digest.digest));
    }),
    ...ways("payload", allWays, (value, change) => {
      const envelope = value.dsseEnvelope;
      return envelope !== undefined && (envelope.payload = change(envelope.payload));
    }),
    [
      "payload type",
      (value) => value.dsseEnvelope !== undefined && (value.dsseEnvelope.payloadType += "x"),
    ],
    [
      "in the body",
      (value) =>
        setBody(value, (body) => {
          const text = JSON.stringify(body.spec);
          const other = text.replace(/"(value|digest)":"(.)/, (_all, name, first) => {
            return `"${name}":"${first === "0" ? "1" : "0"}`;
          });
          assert.notEqual(other, text);
          body.spec = JSON.parse(other);
        }),
    ],
  ],
  structure: [
    ["unknown field", (value) => (value.more = 1)],
    ["unknown material", (value) => (value.verificationMaterial.more = 1)],
    ["unknown in the entry", (value) => each(entries(value), (entry) => (entry.more = 1))],
    ["unknown in the proof", (value) => each(proofs(value), (proof) => (proof.more = 1))],
    ["entry twice", (value) => entries(value).length > 0 && entries(value).push(entries(value)[0])],
    ["no entries", (value) => entries(value).length > 0 && entries(value).splice(0)],
    ["other kind", (value) => each(entries(value), (entry) => (entry.kindVersion.kind = "rekord"))],
    [
      "other version",
      (value) => each(entries(value), (entry) => (entry.kindVersion.version = "0.0.9")),
    ],
    ["no kind", (value) => each(entries(value), (entry) => delete entry.kindVersion)],
    ["no log id", (value) => each(entries(value), (entry) => delete entry.logId)],
    ["no body", (value) => each(entries(value), (entry) => delete entry.canonicalizedBody)],
    [
      "entry of another bundle",
      (value, foreign) => (value.verificationMaterial.tlogEntries = entries(foreign)),
    ],
    ["a field more in the body", (value) => setBody(value, (body) => (body.more = 1))],
    ["both contents", (value) => Object.assign(value, { messageSignature: {}, dsseEnvelope: {} })],
    ["a list", (value) => (value.verificationMaterial = [value.verificationMaterial])],
  ],
  time: [
    ...[1, -1, 86_400, -86_400].map((seconds): [string, Edit] => [
      `promise moved by ${seconds}`,
      (value) =>
        each(
          entries(value).filter(({ inclusionPromise }) => inclusionPromise),
          (entry) => (entry.integratedTime = String(Number(entry.integratedTime) + seconds)),
        ),
    ]),
    ["negative", (value) => each(entries(value), (entry) => (entry.integratedTime = "-1"))],
    [
      "timestamp a year later",
      (value) =>
        each(stampsOf(value), (stamp) => {
          stamp.signedTimestamp = bytes(stamp.signedTimestamp, laterYear);
        }),
    ],
    [
      "timestamp of another bundle",
      (value, foreign) =>
        each(
          stampsOf(value),
          (stamp) => (stamp.signedTimestamp = stampsOf(foreign)[0].signedTimestamp),
        ),
    ],
    [
      "timestamp twice",
      (value) => stampsOf(value).length > 0 && stampsOf(value).push(stampsOf(value)[0]),
    ],
    [
      "timestamp cut",
      (value) =>
        each(stampsOf(value), (stamp) => (stamp.signedTimestamp = cut(stamp.signedTimestamp))),
    ],
    [
      "timestamp longer",
      (value) =>
        each(stampsOf(value), (stamp) => (stamp.signedTimestamp = longer(stamp.signedTimestamp))),
    ],
  ],
  encoding: [
    ...(
      [
        (text) => text.replaceAll("=", ""),
        (text) => `${text}====`,
        (text) => `${text.slice(0, 4)}\n${text.slice(4)}`,
        (text) => ` ${text}`,
        (text) => `${text.slice(0, 4)}*${text.slice(5)}`,
        (text) => text.replaceAll("+", "-").replaceAll("/", "_"),
      ] as ((text: string) => string)[]
    ).flatMap((change, i): [string, Edit][] => [
      [
        `signature ${i}`,
        (value) => {
          const before = signed(value).signature;
          setSignature(value, change);
          return signed(value).signature !== before;
        },
      ],
      [
        `body ${i}`,
        (value) =>
          each(
            entries(value).filter(({ canonicalizedBody: text }) => change(text) !== text),
            (entry) => {
              entry.canonicalizedBody = change(entry.canonicalizedBody);
            },
          ),
      ],
    ]),
    [
      "snake case",
      (value) => {
        value.verification_material = value.verificationMaterial;
        return delete value.verificationMaterial;
      },
    ],
    [
      "number of an enumeration",
      (value) => {
        const digest = value.messageSignature?.messageDigest;
        return digest !== undefined && (digest.algorithm = 1);
      },
    ],
    ["index in hexadecimal", (value) => each(entries(value), (entry) => (entry.logIndex = "0x1"))],
    [
      "index with a zero",
      (value) => each(entries(value), (entry) => (entry.logIndex = `0${entry.logIndex ?? 0}`)),
    ],
    ["index with a fraction", (value) => each(entries(value), (entry) => (entry.logIndex = 1.5))],
  ],
};

/** Proofs that something rests on. */
function rooted(value: any): any[] {
  return proofs(value).filter(({ checkpoint }) => checkpoint);
}

function hashed(value: any): any[] {
  return rooted(value).filter(({ hashes }) => (hashes ?? []).length > 0);
}

function run(subjects: readonly Subject[], edits: readonly [string, Edit][]): number {
  let applied = 0;
  const survived: string[] = [];
  // Bundles that have what can be taken from them.
  const stamped = subjects.filter(({ json }) => stampsOf(JSON.parse(json)).length > 0);
  for (const subject of subjects) {
    const foreign = stamped.find((other) => other !== subject) as Subject;
    for (const [name, edit] of edits) {
      const value = JSON.parse(subject.json);
      if (edit(value, JSON.parse(foreign.json)) === false) continue;
      applied++;
      const { verdict } = attemptInPlace(subject, JSON.stringify(value));
      if (verdict !== "refused") survived.push(`${subject.name}: ${name}`);
    }
  }
  assert.deepEqual(survived, []);
  return applied;
}

describe("a change to a bundle's", () => {
  for (const [name, edits] of Object.entries(classes)) {
    test(`${name} is refused, in those of the test instance`, () => {
      assert.ok(run(ownSubjects(), edits) > edits.length);
    });

    test(`${name} is refused, in those of sigstore-conformance`, (t) => {
      const subjects = conformanceSubjects(t);
      if (subjects.length > 0) assert.ok(run(subjects, edits) > edits.length);
    });
  }
});
