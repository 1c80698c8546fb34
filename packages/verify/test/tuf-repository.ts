// SPDX-License-Identifier: Apache-2.0
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  Key,
  Metadata,
  MetaFile,
  Root,
  Signature,
  Snapshot,
  TargetFile,
  Targets,
  Timestamp,
} from "@tufjs/models";
import { canonicalizeOlpc } from "@chancery/formats/json";

export type Role = "root" | "timestamp" | "snapshot" | "targets";

/** A P-256 key of a role. */
export interface RoleKey {
  readonly key: Key;
  readonly privateKey: KeyObject;
}

type Signed = Root | Timestamp | Snapshot | Targets;
type Writable<T> = { -readonly [name in keyof T]: T[name] };

/**
 * A TUF repository made for a test, with consistent snapshots and P-256 keys, one per role unless
 * told otherwise. Change what is wanted, then `publish…`; `files` is what a mirror serves.
 */
export class TufRepository {
  /** Path below the mirror's URL → bytes. */
  readonly files: Map<string, Uint8Array> = new Map();
  /** When each role's next version expires. */
  readonly expires: Record<Role, Date>;
  /** The keys that the next root names, and sign the next version of each role. */
  readonly keys: Record<Role, RoleKey[]>;
  readonly thresholds: Record<Role, number> = { root: 1, timestamp: 1, snapshot: 1, targets: 1 };
  readonly versions: Record<Role, number> = { root: 0, timestamp: 0, snapshot: 0, targets: 0 };
  readonly targets: Map<string, Uint8Array> = new Map();
  consistentSnapshot = true;
  #previousRootKeys: RoleKey[] = [];

  constructor(now: Date) {
    const expires = new Date(now.getTime() + 30 * 86_400_000);
    this.expires = { root: expires, timestamp: expires, snapshot: expires, targets: expires };
    const key = makeKey;
    this.keys = { root: [key()], timestamp: [key()], snapshot: [key()], targets: [key()] };
  }

  /** All roles, root first. */
  publish(): this {
    this.publishRoot();
    return this.publishTargets();
  }

  /** The next root, signed by the keys of the one before and by its own. */
  publishRoot(signers: readonly RoleKey[] = [...this.#previousRootKeys, ...this.keys.root]): this {
    const role = (name: Role): object => ({
      keyids: this.keys[name].map(({ key }) => key.keyID),
      threshold: this.thresholds[name],
    });
    const keys = Object.values(this.keys).flat();
    const root = Root.fromJSON({
      ...this.#common("root"),
      consistent_snapshot: this.consistentSnapshot,
      keys: Object.fromEntries(keys.map(({ key }) => [key.keyID, key.toJSON()])),
      roles: {
        root: role("root"),
        timestamp: role("timestamp"),
        snapshot: role("snapshot"),
        targets: role("targets"),
      },
    } as never);
    this.#previousRootKeys = this.keys.root;
    this.files.set(`${root.version}.root.json`, signMetadata(root, signers));
    return this;
  }

  /** Targets, then what refers to them. */
  publishTargets(change: (targets: Writable<Targets>) => void = () => undefined): this {
    const targets = new Targets({ ...this.#head("targets") });
    for (const [name, bytes] of this.targets) {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      targets.addTarget(new TargetFile({ path: name, length: bytes.length, hashes: { sha256 } }));
      this.files.set(`targets/${this.consistentSnapshot ? `${sha256}.` : ""}${name}`, bytes);
    }
    change(targets);
    this.#put("targets", targets);
    return this.publishSnapshot();
  }

  publishSnapshot(change: (snapshot: Writable<Snapshot>) => void = () => undefined): this {
    const snapshot = new Snapshot({
      ...this.#head("snapshot"),
      meta: { "targets.json": new MetaFile({ version: this.versions.targets }) },
    });
    change(snapshot);
    this.#put("snapshot", snapshot);
    return this.publishTimestamp();
  }

  publishTimestamp(change: (timestamp: Writable<Timestamp>) => void = () => undefined): this {
    const timestamp = new Timestamp({
      ...this.#head("timestamp"),
      snapshotMeta: new MetaFile({ version: this.versions.snapshot }),
    });
    change(timestamp);
    this.files.set("timestamp.json", signMetadata(timestamp, this.keys.timestamp));
    return this;
  }

  /** The bytes of a root version. */
  root(version = 1): Uint8Array {
    const bytes = this.files.get(`${version}.root.json`);
    if (!bytes) throw new Error(`no root ${version}`);
    return bytes;
  }

  /** The current bytes of a role. */
  roleBytes(role: Role): Uint8Array {
    const bytes = this.files.get(this.roleFile(role));
    if (!bytes) throw new Error(`no ${role}`);
    return bytes;
  }

  /** The path of the current version of a role. */
  roleFile(role: Role): string {
    if (role === "timestamp" || (role !== "root" && !this.consistentSnapshot)) {
      return `${role}.json`;
    }
    return `${this.versions[role]}.${role}.json`;
  }

  /** A state to go back to. */
  snapshotOfFiles(): Map<string, Uint8Array> {
    return new Map(this.files);
  }

  #put(role: "snapshot" | "targets", signed: Signed): void {
    this.files.set(this.roleFile(role), signMetadata(signed, this.keys[role]));
  }

  #head(role: Role): { version: number; expires: string; specVersion: string } {
    const { version, expires } = this.#common(role);
    return { version, expires, specVersion: "1.0" };
  }

  #common(role: Role): { _type: Role; spec_version: string; version: number; expires: string } {
    this.versions[role]++;
    // Without fractions: python-tuf reads no others.
    const expires = this.expires[role].toISOString().replace(/\.\d+Z$/, "Z");
    return { _type: role, spec_version: "1.0", version: this.versions[role], expires };
  }
}

export function makeKey(): RoleKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const json = {
    keytype: "ecdsa",
    scheme: "ecdsa-sha2-nistp256",
    keyval: { public: publicKey.export({ format: "pem", type: "spki" }).toString() },
  };
  const keyId = createHash("sha256").update(canonicalizeOlpc(json)).digest("hex");
  return { key: Key.fromJSON(keyId, json), privateKey };
}

/** The file of a role's metadata under the signatures of the keys, each once. */
export function signMetadata(signed: Signed, signers: readonly RoleKey[]): Uint8Array {
  const metadata = new Metadata(signed as Root);
  for (const { key, privateKey } of signers) {
    metadata.sign(
      (bytes) =>
        new Signature({ keyID: key.keyID, sig: sign("sha256", bytes, privateKey).toString("hex") }),
    );
  }
  return new TextEncoder().encode(JSON.stringify(metadata.toJSON()));
}
