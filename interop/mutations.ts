// SPDX-License-Identifier: Apache-2.0
// Bad bundles and questions that the conformance suite lacks, made out of its good ones.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConformanceCase } from "./conformance-cases.ts";
import type { Question } from "./verifiers.ts";

export interface Mutation {
  readonly name: string;
  /** The case it starts from. */
  readonly from: string;
  /** Changes the bundle's JSON in place, or answers another text for it. */
  readonly bundle?: (json: BundleJson) => string | void;
  readonly question?: (question: Question, folder: string) => Question;
}

/** As much of a bundle's JSON as is changed here. */
interface BundleJson {
  mediaType: string;
  verificationMaterial: {
    publicKey?: object;
    tlogEntries: {
      logIndex?: string;
      integratedTime?: string;
      inclusionPromise?: object;
      inclusionProof: { logIndex: string; treeSize: string; rootHash: string };
    }[];
    timestampVerificationData?: { rfc3161Timestamps: object[] };
  };
  messageSignature?: { signature: string };
  dsseEnvelope?: { signatures: { sig: string }[] };
}

const message = "happy-path-v0.3";
const envelope = "happy-path-intoto-in-dsse-v3";
const secondLog = "rekor2-happy-path";

export const mutations: readonly Mutation[] = [
  {
    name: "envelope, another file",
    from: envelope,
    question: (question, folder) => ({ ...question, artifact: otherFile(folder) }),
  },
  {
    name: "identity that is a prefix",
    from: message,
    question: (question) => withIdentity(question, (identity) => identity.slice(0, -1)),
  },
  {
    name: "identity in other case",
    from: message,
    question: (question) => withIdentity(question, (identity) => identity.toUpperCase()),
  },
  {
    name: "key given, certificate in the bundle",
    from: message,
    question: (question, folder) => ({
      ...question,
      signer: { kind: "key", key: someKey(folder) },
    }),
  },
  {
    name: "message and envelope both",
    from: message,
    bundle: (json) => {
      const signatures = [{ sig: json.messageSignature?.signature ?? "" }];
      const payloadType = "application/vnd.in-toto+json";
      json.dsseEnvelope = { payload: "e30=", payloadType, signatures } as never;
    },
  },
  {
    name: "certificate and key both",
    from: message,
    bundle: (json) => {
      json.verificationMaterial.publicKey = { hint: "hint" };
    },
  },
  { name: "member twice", from: message, bundle: (json) => twice(json) },
  {
    name: "unknown member",
    from: message,
    bundle: (json) => JSON.stringify({ ...json, surprise: true }),
  },
  {
    name: "text after the end",
    from: message,
    bundle: (json) => `${JSON.stringify(json)} {}`,
  },
  {
    name: "version 0.9",
    from: message,
    bundle: (json) => {
      json.mediaType = "application/vnd.dev.sigstore.bundle.v0.9+json";
    },
  },
  {
    name: "signature in URL-safe base64",
    from: message,
    bundle: (json) => {
      const { messageSignature } = json;
      if (messageSignature === undefined) throw new Error("no message");
      const { signature } = messageSignature;
      messageSignature.signature = signature.replaceAll("+", "-").replaceAll("/", "_");
    },
  },
  {
    name: "proof of another tree size",
    from: message,
    bundle: (json) => {
      const { inclusionProof } = entryOf(json);
      inclusionProof.treeSize = String(BigInt(inclusionProof.treeSize) + 1n);
    },
  },
  {
    name: "proof of another root",
    from: message,
    bundle: (json) => {
      entryOf(json).inclusionProof.rootHash = Buffer.alloc(32, 1).toString("base64");
    },
  },
  {
    name: "entry of another index, no promise",
    from: secondLog,
    bundle: (json) => {
      entryOf(json).logIndex = String(BigInt(entryOf(json).logIndex ?? "0") + 1n);
    },
  },
  {
    name: "time that nobody signed instead of timestamps",
    from: secondLog,
    bundle: (json) => {
      entryOf(json).integratedTime = String(Math.floor(Date.UTC(2025, 7, 7) / 1000));
      delete json.verificationMaterial.timestampVerificationData;
    },
  },
  {
    name: "entry twice",
    from: message,
    bundle: (json) => {
      json.verificationMaterial.tlogEntries.push(entryOf(json));
    },
  },
  {
    name: "timestamp twice",
    from: secondLog,
    bundle: (json) => {
      const stamps = json.verificationMaterial.timestampVerificationData?.rfc3161Timestamps;
      if (stamps?.[0] === undefined) throw new Error("no timestamp");
      stamps.push(stamps[0]);
    },
  },
  {
    name: "two signatures",
    from: envelope,
    bundle: (json) => {
      const signatures = json.dsseEnvelope?.signatures;
      if (signatures?.[0] === undefined) throw new Error("no signature");
      signatures.push({ ...signatures[0] });
    },
  },
];

/** The question that a mutation makes of its case, with the changed bundle written to a folder. */
export function mutated(
  mutation: Mutation,
  cases: readonly ConformanceCase[],
  folder: string,
): Question {
  const found = cases.find(({ name }) => name === mutation.from);
  if (found === undefined) throw new Error(`there is no case ${mutation.from}`);
  const { question } = found;
  const bundle = join(folder, `${mutation.name.replaceAll(/\W+/g, "-")}.sigstore.json`);
  const json = JSON.parse(readFileSync(question.bundle, "utf8")) as BundleJson;
  const text = mutation.bundle?.(json) ?? JSON.stringify(json);
  writeFileSync(bundle, text);
  const changed = { ...question, bundle };
  return mutation.question === undefined ? changed : mutation.question(changed, folder);
}

function entryOf(json: BundleJson): BundleJson["verificationMaterial"]["tlogEntries"][0] {
  const [entry] = json.verificationMaterial.tlogEntries;
  if (entry === undefined) throw new Error("the bundle has no log entry");
  return entry;
}

/** The media type twice, the second time genuine. */
function twice(json: BundleJson): string {
  return `{"mediaType":"application/json",${JSON.stringify(json).slice(1)}`;
}

function withIdentity(question: Question, change: (identity: string) => string): Question {
  const { signer } = question;
  if (signer.kind !== "identity") throw new Error("the case has no identity");
  return { ...question, signer: { ...signer, identity: change(signer.identity) } };
}

function otherFile(folder: string): string {
  const path = join(folder, "other.txt");
  writeFileSync(path, "another artifact\n");
  return path;
}

const publicKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmUu9R+l8VKQRgnUW+b4J0eFe0Tg3
jkHdn9VtK7N3H3wt/YlvFq6H/6m1niRw4YMbsmAJ6OOnV7/f5QsJhI109Q==
-----END PUBLIC KEY-----
`;

function someKey(folder: string): string {
  const path = join(folder, "some.pub");
  writeFileSync(path, publicKey);
  return path;
}
