// SPDX-License-Identifier: Apache-2.0
// Transparency logs for tests, Rekor v1 and v2: entries with real promises, proofs and checkpoints,
// right but for what the options change.
import { createHash } from "node:crypto";
import { encodeBase64, encodeHex } from "@chancery/formats/bytes";
import { type TestKey, testKey, testSign } from "../packages/formats/test/certificate-builder.ts";

/** A log with one key. */
export interface TestLog {
  readonly version: 1 | 2;
  readonly key: TestKey;
  readonly baseUrl: string;
  /** First line of checkpoints. */
  readonly origin: string;
  /** Name in signature lines. */
  readonly name: string;
  readonly logId: Uint8Array;
  readonly operator?: string;
}

/** What a signing put into the world: the raw material of an entry. */
export interface LoggedSigning {
  readonly content: "message" | "envelope";
  readonly signature: Uint8Array;
  /** DER of the signer's certificate; absent where a bare key signed. */
  readonly certificate?: Uint8Array;
  /** The signer's SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Name in the PublicKeyDetails registry. */
  readonly keyDetails: string;
  /** What the signature covers: the artifact or the PAE. */
  readonly message: Uint8Array;
  /** DSSE payload, empty for a message. */
  readonly payload: Uint8Array;
  readonly payloadType: string;
}

/** How an entry is made; by default rightly, at `testSigningTime`. */
export interface TestEntryOptions {
  readonly log: TestLog;
  /** What is logged in place of the signing. */
  readonly signing?: LoggedSigning;
  /** Kind of a v1 entry. Default: `hashedrekord` for messages, `dsse` for envelopes. */
  readonly kind?: "hashedrekord" | "dsse" | "intoto";
  /** Digest of the message, and its hash in lower case. Default: that of the key details. */
  readonly hash?: "sha256" | "sha384" | "sha512";
  /** Changes the body before the log takes it. */
  readonly editBody?: (body: any) => void;
  /** Replaces the stored bytes. */
  readonly body?: (canonical: Uint8Array) => Uint8Array;
  /** Changes what is promised, before it is signed. */
  readonly editPromise?: (payload: any) => void;
  readonly integratedTime?: Date;
  /** Default: whether the log is v1. */
  readonly promise?: boolean;
  /** Default true. */
  readonly proof?: boolean;
  readonly leafIndex?: number;
  readonly treeSize?: number;
  /** Changes the note's text before it is signed. */
  readonly editNote?: (text: string) => string;
  /** Changes the signature line's name, or adds lines. */
  readonly editLines?: (line: string) => string;
  /** Signs the note in place of the log. */
  readonly noteKey?: TestKey;
  /** Changes the TransparencyLogEntry at last. */
  readonly edit?: (entry: any) => void;
}

/** When everything of the test instance is in use. */
export const testSigningTime: Date = new Date("2030-01-01T00:05:00Z");

/** Rekor v1: ECDSA, origin `<host> - <tree id>`, ids from the SubjectPublicKeyInfo. */
export function rekorV1(host: string, options: { operator?: string; key?: TestKey } = {}): TestLog {
  const key = options.key ?? testKey();
  return {
    version: 1,
    key,
    baseUrl: `https://${host}`,
    origin: `${host} - 1193050959916656506`,
    name: host,
    logId: sha256(key.publicKey.spki),
    ...(options.operator === undefined ? {} : { operator: options.operator }),
  };
}

/** Rekor v2: Ed25519, origin is the host, ids as C2SP signed-note has them. */
export function rekorV2(host: string, options: { operator?: string } = {}): TestLog {
  const key = testKey("ed25519");
  const raw = key.publicKey.type === "ed25519" ? key.publicKey.raw : new Uint8Array(32);
  return {
    version: 2,
    key,
    baseUrl: `https://${host}`,
    origin: host,
    name: host,
    logId: sha256(Buffer.concat([Buffer.from(`${host}\n\x01`), raw])),
    ...(options.operator === undefined ? {} : { operator: options.operator }),
  };
}

/** A TransparencyLogEntry as the JSON value that stands in a bundle. */
export function testLogEntry(signing: LoggedSigning, options: TestEntryOptions): any {
  const { log, leafIndex = 5, treeSize = 9 } = options;
  const logged = options.signing ?? signing;
  const body = log.version === 1 ? bodyV1(logged, options) : bodyV2(logged, options);
  options.editBody?.(body);
  const canonical = utf8(canonicalJson(body));
  const leaf = options.body?.(canonical) ?? canonical;
  const logIndex = String(log.version === 1 ? 25_579 + leafIndex : leafIndex);
  const time = options.integratedTime ?? testSigningTime;
  const seconds = Math.floor(time.getTime() / 1000);
  const entry: any = {
    logIndex,
    logId: { keyId: encodeBase64(log.logId) },
    kindVersion: { kind: body.kind, version: body.apiVersion },
    ...(log.version === 1 ? { integratedTime: String(seconds) } : {}),
  };
  if (options.promise ?? log.version === 1) {
    const promised = {
      body: encodeBase64(leaf),
      integratedTime: seconds,
      logID: encodeHex(log.logId),
      logIndex: Number(logIndex),
    };
    options.editPromise?.(promised);
    const set = testSign(log.key, utf8(JSON.stringify(promised)));
    entry.inclusionPromise = { signedEntryTimestamp: encodeBase64(set) };
  }
  if (options.proof ?? true) {
    const { root, path } = tree(leaf, leafIndex, treeSize);
    entry.inclusionProof = {
      logIndex: String(leafIndex),
      rootHash: encodeBase64(root),
      treeSize: String(treeSize),
      hashes: path.map(encodeBase64),
      checkpoint: { envelope: checkpoint(log, treeSize, root, options) },
    };
  }
  entry.canonicalizedBody = encodeBase64(leaf);
  options.edit?.(entry);
  return entry;
}

/** A signed checkpoint of the log. */
export function checkpoint(
  log: TestLog,
  size: number,
  root: Uint8Array,
  options: Pick<TestEntryOptions, "editNote" | "editLines" | "noteKey"> = {},
): string {
  const written = `${log.origin}\n${size}\n${encodeBase64(root)}\n`;
  const text = options.editNote?.(written) ?? written;
  const signature = testSign(options.noteKey ?? log.key, utf8(text));
  const line = `\u2014 ${log.name} ${encodeBase64(join(log.logId.subarray(0, 4), signature))}\n`;
  return `${text}\n${options.editLines?.(line) ?? line}`;
}

function bodyV1(signing: LoggedSigning, options: TestEntryOptions): any {
  const verifier = encodeBase64(utf8(pem(signing)));
  const kind = options.kind ?? (signing.content === "message" ? "hashedrekord" : "dsse");
  const payloadHash = hex("sha256", signing.payload);
  switch (kind) {
    case "hashedrekord":
      return {
        apiVersion: "0.0.1",
        kind,
        spec: {
          data: { hash: hex(hashOf(signing, options), signing.message) },
          signature: {
            content: encodeBase64(signing.signature),
            publicKey: { content: verifier },
          },
        },
      };
    case "dsse":
      return {
        apiVersion: "0.0.1",
        kind,
        spec: {
          envelopeHash: hex("sha256", utf8("the envelope as it was submitted")),
          payloadHash,
          signatures: [{ signature: encodeBase64(signing.signature), verifier }],
        },
      };
    case "intoto": {
      const sig = encodeBase64(utf8(encodeBase64(signing.signature)));
      return {
        apiVersion: "0.0.2",
        kind,
        spec: {
          content: {
            envelope: {
              payloadType: signing.payloadType,
              signatures: [{ publicKey: verifier, sig }],
            },
            hash: hex("sha256", utf8("the envelope as it was submitted")),
            payloadHash,
          },
        },
      };
    }
  }
}

function bodyV2(signing: LoggedSigning, options: TestEntryOptions): any {
  const { certificate, spki } = signing;
  const hash = hashOf(signing, options);
  const rawBytes = encodeBase64(certificate ?? spki);
  return {
    apiVersion: "0.0.2",
    kind: "hashedrekord",
    spec: {
      hashedRekordV002: {
        data: {
          algorithm: `SHA2_${hash.slice(3)}`,
          digest: encodeBase64(digest(hash, signing.message)),
        },
        signature: {
          content: encodeBase64(signing.signature),
          verifier: {
            keyDetails: signing.keyDetails,
            ...(certificate ? { x509Certificate: { rawBytes } } : { publicKey: { rawBytes } }),
          },
        },
      },
    },
  };
}

type HashName = "sha256" | "sha384" | "sha512";

function hashOf({ keyDetails }: LoggedSigning, { hash }: TestEntryOptions): HashName {
  const bits = /(384|512)$/.exec(keyDetails)?.[1] ?? (/ED25519/.test(keyDetails) ? "512" : "256");
  return hash ?? (`sha${bits}` as HashName);
}

function hex(algorithm: HashName, bytes: Uint8Array): { algorithm: HashName; value: string } {
  return { algorithm, value: encodeHex(digest(algorithm, bytes)) };
}

function pem({ certificate, spki }: LoggedSigning): string {
  const label = certificate ? "CERTIFICATE" : "PUBLIC KEY";
  const lines = encodeBase64(certificate ?? spki).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** Canonical JSON of what has only ASCII names and no numbers: names sorted, no white space. */
function canonicalJson(value: any): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name])}`).join(",")}}`;
}

/** Root and audit path of a leaf among others, by the definitions of RFC 9162 §2.1. */
function tree(
  leaf: Uint8Array,
  index: number,
  size: number,
): { root: Uint8Array; path: Uint8Array[] } {
  const leaves = Array.from({ length: size }, (_, i) =>
    sha256(join(Uint8Array.of(0), i === index ? leaf : utf8(`another leaf, ${i}`))),
  );
  const root = (hashes: readonly Uint8Array[]): Uint8Array => {
    const [first] = hashes;
    if (first === undefined) return sha256(new Uint8Array(0));
    if (hashes.length === 1) return first;
    const k = split(hashes.length);
    return sha256(join(Uint8Array.of(1), root(hashes.slice(0, k)), root(hashes.slice(k))));
  };
  const path = (m: number, hashes: readonly Uint8Array[]): Uint8Array[] => {
    if (hashes.length <= 1) return [];
    const k = split(hashes.length);
    const [left, right] = [hashes.slice(0, k), hashes.slice(k)];
    return m < k ? [...path(m, left), root(right)] : [...path(m - k, right), root(left)];
  };
  return { root: root(leaves), path: path(index, leaves) };
}

/** The largest power of two smaller than n. */
function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

function digest(name: HashName, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(name).update(bytes).digest());
}

function sha256(bytes: Uint8Array): Uint8Array {
  return digest("sha256", bytes);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
