// SPDX-License-Identifier: Apache-2.0
import { encodeHex, utf8Bytes } from "@chancery/formats/bytes";
import { type MessageSigner, sha256 } from "@chancery/formats/crypto";
import { canonicalizeOlpc, isObject, type JsonObject, ObjectDecoder } from "@chancery/formats/json";
import { TufRepositoryError } from "./errors.ts";
import type { TufFolder } from "./folder.ts";
import {
  describeKey,
  encodeMetadata,
  type Metadata,
  metadataHead,
  reading,
  signMetadata,
  type TufKey,
  type TufRole,
  tufRoles,
} from "./metadata.ts";
import {
  checkSuccessor,
  decodeRoot,
  makeRoot,
  type Root,
  rootFile,
  type RoleKeys,
} from "./root.ts";
import { highestVersion, type PublishedState, readState } from "./state.ts";

/** The keys by which a role is signed here. */
export interface RoleRing {
  /** The one that shall sign from now on; of the root undefined where its key is kept elsewhere. */
  readonly current: MessageSigner | undefined;
  /** Those before it that are still at hand: clients know them until they have the next root. */
  readonly former: readonly MessageSigner[];
}

/** A file that clients look up. */
export interface TufTarget {
  readonly text: string;
  /** What is told about it beside length and hash (`custom` of TUF §4.5). */
  readonly custom?: JsonObject;
}

export interface TufRepositoryOptions {
  readonly folder: TufFolder;
  readonly rings: Readonly<Record<TufRole, RoleRing>>;
  /** How long the metadata of each role holds; it is signed anew when half of that is over. */
  readonly validityMs: Readonly<Record<TufRole, number>>;
  readonly now: () => Date;
}

/** What an update did. */
export interface TufUpdate {
  /** The roles that have a new version. */
  readonly published: readonly TufRole[];
  /** Why a root is needed that cannot be signed here; undefined where none is. */
  readonly rootNeeded: string | undefined;
}

/** When the metadata of each role ends to hold. */
export type TufExpiries = Readonly<Record<TufRole, Date>>;

/**
 * A TUF repository (specification 1.0) with consistent snapshots and no delegations. The files are
 * all its state: what clients see is where it goes on from.
 *
 * Files are put in the order targets, N.targets, N.snapshot, timestamp, so that a crash anywhere
 * leaves what clients saw before, and none of what is served under a version ever changes. Where
 * keys change, the roles are signed by the old and the new one first, and the root that names the
 * new one is put last: at no moment is there anything that a client would refuse.
 */
export class TufRepository {
  readonly #options: TufRepositoryOptions;
  #targets: ReadonlyMap<string, TufTarget> | undefined;
  #expiries: TufExpiries | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: TufRepositoryOptions) {
    this.#options = options;
  }

  /** When each role ends to hold; undefined before the first publication of this process. */
  get expiries(): TufExpiries | undefined {
    return this.#expiries;
  }

  /** The text of a target that clients get at present; undefined where there is none. */
  async published(name: string): Promise<string | undefined> {
    const { folder } = this.#options;
    const { targets } = await readState(folder);
    if (!targets) return undefined;
    const file = reading("targets", () => {
      const listed = new ObjectDecoder(targets.signed, "targets").object("targets");
      const hashes = listed.optionalObject(name)?.object("hashes");
      return hashes && `targets/${hashes.string("sha256")}.${name}`;
    });
    return file === undefined ? undefined : folder.read(file);
  }

  /**
   * Publishes these files, and no others, where they are not published already; and all that is due
   * (`renew`).
   * @throws TufRepositoryError `damaged` | `key`
   */
  publish(targets: ReadonlyMap<string, TufTarget>): Promise<TufUpdate> {
    this.#targets = targets;
    return this.renew();
  }

  /**
   * Signs anew what has half of its validity behind it, and what keys have changed for. One runs at
   * a time.
   * @throws TufRepositoryError `damaged` | `key`
   */
  renew(): Promise<TufUpdate> {
    return this.#enqueue(() => this.#update());
  }

  /**
   * Publishes a root that was signed elsewhere: the next one, signed by enough keys of the last one
   * and of its own, that names the keys which sign the other roles here.
   * @throws TufRepositoryError `damaged` | `version` | `threshold` | `root` | `key`
   */
  importRoot(text: string): Promise<TufUpdate> {
    return this.#enqueue(() => this.#update(text));
  }

  #enqueue(update: () => Promise<TufUpdate>): Promise<TufUpdate> {
    const run = this.#queue.then(update);
    this.#queue = run.catch(() => undefined);
    return run;
  }

  async #update(imported?: string): Promise<TufUpdate> {
    const state = await readState(this.#options.folder);
    const { root } = state;
    const made =
      imported === undefined ? await this.#nextRoot(root) : this.#readImported(imported, root);
    const next = made.root;
    const ruling = next ?? root;
    if (!ruling) throw new TufRepositoryError("key", "the first root needs a root key");
    const known = next && root ? [next, root] : [ruling];
    const signers = {
      targets: this.#signers("targets", known),
      snapshot: this.#signers("snapshot", known),
      timestamp: this.#signers("timestamp", known),
    };
    // Without a former key that clients know, only the new root can tell them of the new one.
    const rootFirst = root !== undefined && !Object.values(signers).every(({ bridges }) => bridges);
    const published: TufRole[] = next ? ["root"] : [];
    if (next && rootFirst) await this.#write(rootFile(next.version), made.text);
    published.push(...(await this.#publishRoles(state, signers)));
    if (next && !rootFirst) await this.#write(rootFile(next.version), made.text);
    const { targets, snapshot, timestamp } = await readState(this.#options.folder);
    if (!targets || !snapshot || !timestamp) throw new Error("a role was not published");
    this.#expiries = {
      root: ruling.expires,
      targets: targets.expires,
      snapshot: snapshot.expires,
      timestamp: timestamp.expires,
    };
    return { published, rootNeeded: made.problem };
  }

  async #publishRoles(state: PublishedState, signers: OnlineSigners): Promise<TufRole[]> {
    const { names } = state;
    const listed = await this.#putTargets(state);
    const published: TufRole[] = [];
    const put = async (role: "targets" | "snapshot", body: JsonObject): Promise<number> => {
      const version = highestVersion(names, role) + 1;
      await this.#sign(`${version}.${role}.json`, role, version, body, signers[role]);
      published.push(role);
      return version;
    };
    let { version: targetsVersion = 0 } = state.targets ?? {};
    if (!sameBody(state.targets, listed) || this.#due("targets", state.targets, signers.targets)) {
      targetsVersion = await put("targets", listed);
    }
    let { version: snapshotVersion = 0 } = state.snapshot ?? {};
    const meta = { meta: { "targets.json": { version: targetsVersion } } };
    if (
      !sameBody(state.snapshot, meta) ||
      this.#due("snapshot", state.snapshot, signers.snapshot)
    ) {
      snapshotVersion = await put("snapshot", meta);
    }
    const body = { meta: { "snapshot.json": { version: snapshotVersion } } };
    const { timestamp } = state;
    if (!sameBody(timestamp, body) || this.#due("timestamp", timestamp, signers.timestamp)) {
      const version = (timestamp?.version ?? 0) + 1;
      await this.#sign("timestamp.json", "timestamp", version, body, signers.timestamp);
      published.push("timestamp");
    }
    return published;
  }

  /** Puts the target files that are not there. @returns what the targets role says of them */
  async #putTargets({ targets: before, names }: PublishedState): Promise<JsonObject> {
    if (!this.#targets) {
      if (!before) throw new TufRepositoryError("damaged", "nothing was ever published here");
      return bodyOf(before);
    }
    const targets: Record<string, JsonObject> = {};
    for (const [name, { text, custom }] of this.#targets) {
      const bytes = utf8Bytes(text);
      const digest = encodeHex(sha256(bytes));
      const file = `targets/${digest}.${name}`;
      if (!names.has(file)) await this.#write(file, text);
      targets[name] = {
        length: bytes.length,
        hashes: { sha256: digest },
        ...(custom && { custom }),
      };
    }
    return { targets };
  }

  async #sign(
    file: string,
    role: TufRole,
    version: number,
    body: JsonObject,
    { signers }: RoleSigners,
  ): Promise<void> {
    const { now, validityMs } = this.#options;
    const expires = new Date(now().getTime() + validityMs[role]);
    const signed = { ...metadataHead(role, version, expires), ...body };
    await this.#write(file, encodeMetadata(signed, await signMetadata(signed, signers)));
  }

  async #write(file: string, text: string): Promise<void> {
    await this.#options.folder.write(file, text);
  }

  /** Whether half of the validity is over, or somebody has not signed who now does. */
  #due(role: TufRole, metadata: Metadata | undefined, { signers, ids }: RoleSigners): boolean {
    if (!metadata || this.#halfOver(role, metadata.expires)) return true;
    const signed = new Set(metadata.signatures.map(({ keyid }) => keyid));
    return signers.some((_, i) => !signed.has(ids[i] ?? ""));
  }

  #halfOver(role: TufRole, expires: Date): boolean {
    const { now, validityMs } = this.#options;
    return expires.getTime() - now().getTime() < validityMs[role] / 2;
  }

  /** Who signs a role, so that clients take it who know any of these roots. */
  #signers(role: Exclude<TufRole, "root">, roots: readonly Root[]): RoleSigners {
    const { current, former } = this.#options.rings[role];
    const named = new Set(roots.flatMap(({ roles }) => roles[role].keyids));
    const signers = [
      ...(current ? [current] : []),
      ...former.filter(({ publicKey }) => named.has(describeKey(publicKey).keyid)),
    ];
    const ids = signers.map(({ publicKey }) => describeKey(publicKey).keyid);
    const enough = ({ roles }: Root): boolean =>
      ids.filter((id) => roles[role].keyids.includes(id)).length >= roles[role].threshold;
    const [ruling] = roots;
    if (!ruling || !enough(ruling)) {
      const message =
        `root version ${ruling?.version} asks for keys of ${role} that are not here: restore ` +
        "them from a backup, or make a root that names those here (`chancery trust next-root`)";
      throw new TufRepositoryError("key", message);
    }
    return { signers, ids, bridges: roots.every(enough) };
  }

  /**
   * The next root, signed, where one is due or keys have changed; where it cannot be signed here,
   * why it is needed.
   */
  async #nextRoot(
    root: Root | undefined,
  ): Promise<{ root?: Root; text: string; problem: string | undefined }> {
    const { rings } = this.#options;
    const plan = planRoot(root, rings);
    const isDue = root !== undefined && this.#halfOver("root", root.expires);
    if (root && !plan.changed && !isDue) return { text: "", problem: undefined };
    const signed = this.unsignedRoot(root);
    const { current, former } = rings.root;
    const named = new Set([...(root?.roles.root.keyids ?? []), ...plan.roles.root.keyids]);
    const signers = [...(current ? [current] : []), ...former].filter(({ publicKey }) =>
      named.has(describeKey(publicKey).keyid),
    );
    const text = encodeMetadata(signed, await signMetadata(signed, signers));
    const made = decodeRoot(text, "the next root");
    try {
      // The first one vouches for itself: whoever hands it out does the rest.
      checkSuccessor(root ?? { ...made, version: 0 }, made);
      return { root: made, text, problem: undefined };
    } catch (cause) {
      if (!(cause instanceof TufRepositoryError) || !root) throw cause;
      const why = plan.changed ? "keys have changed" : `root version ${root.version} expires`;
      const until = root.expires.toISOString();
      return { text: "", problem: `${why} (it holds until ${until}): ${cause.message}` };
    }
  }

  #readImported(
    text: string,
    root: Root | undefined,
  ): { root: Root; text: string; problem: undefined } {
    const next = decodeRoot(text, "the signed root");
    if (!root) throw new TufRepositoryError("root", "nothing was ever published here");
    checkSuccessor(root, next);
    const { rings, now } = this.#options;
    const until = next.expires.toISOString();
    const problem =
      next.expires <= now()
        ? `this root has expired on ${until}`
        : next.signed["consistent_snapshot"] !== true
          ? "this root turns consistent snapshots off"
          : planRoot(next, rings).changed
            ? "this root names other keys than those that sign here"
            : undefined;
    if (problem === undefined) return { root: next, text, problem };
    throw new TufRepositoryError(
      "root",
      `${problem}: make it anew with \`chancery trust next-root\``,
    );
  }

  /**
   * What the root after this one says if it is made now: the keys of today, a new expiry.
   * @param change what the operator wants of the root role. Others of its keys stay.
   */
  unsignedRoot(
    root: Root | undefined,
    change?: RoleKeys & { keys: readonly TufKey[] },
  ): JsonObject {
    const { rings, now, validityMs } = this.#options;
    const plan = planRoot(root, rings);
    const expires = new Date(now().getTime() + validityMs.root);
    const keys = [...plan.keys, ...(change?.keys ?? [])];
    const roles = change ? { ...plan.roles, root: change } : plan.roles;
    return makeRoot((root?.version ?? 0) + 1, expires, keys, roles);
  }
}

interface RoleSigners {
  readonly signers: readonly MessageSigner[];
  /** Their key ids, in the same order. */
  readonly ids: readonly string[];
  /** Whether they satisfy the root in force, too. */
  readonly bridges: boolean;
}

type OnlineSigners = Readonly<Record<Exclude<TufRole, "root">, RoleSigners>>;

/** Who is to sign what, and whether that is news. */
function planRoot(
  root: Root | undefined,
  rings: TufRepositoryOptions["rings"],
): { readonly roles: Root["roles"]; readonly keys: readonly TufKey[]; readonly changed: boolean } {
  const keys: TufKey[] = Object.entries(root?.keys ?? {}).flatMap(([keyid, key]) =>
    isObject(key) ? [{ keyid, key }] : [],
  );
  const plan = (role: TufRole): RoleKeys => {
    const { current, former } = rings[role];
    const before = root?.roles[role];
    if (!current) return before ?? { keyids: [], threshold: 1 };
    const described = describeKey(current.publicKey);
    const { keyid } = described;
    if (!keys.some((key) => key.keyid === keyid)) keys.push(described);
    if (!before) return { keyids: [keyid], threshold: 1 };
    const ours = new Set(former.map(({ publicKey }) => describeKey(publicKey).keyid));
    if (role !== "root") {
      const isSame = before.keyids.length === 1 && before.keyids[0] === keyid;
      return isSame ? before : { keyids: [keyid], threshold: 1 };
    }
    // Keys of others are kept; among them one of ours is replaced.
    if (!before.keyids.some((id) => ours.has(id))) return before;
    const others = before.keyids.filter((id) => !ours.has(id) && id !== keyid);
    return { keyids: [keyid, ...others], threshold: before.threshold };
  };
  const roles = {
    root: plan("root"),
    targets: plan("targets"),
    snapshot: plan("snapshot"),
    timestamp: plan("timestamp"),
  };
  const changed = tufRoles.some((role) => roles[role] !== root?.roles[role]);
  return { roles, keys, changed };
}

/** What metadata says beside its head. */
function bodyOf({ signed }: Metadata): JsonObject {
  const head = ["_type", "spec_version", "version", "expires"];
  return Object.fromEntries(Object.entries(signed).filter(([name]) => !head.includes(name)));
}

function sameBody(metadata: Metadata | undefined, body: JsonObject): boolean {
  return metadata !== undefined && canonicalizeOlpc(bodyOf(metadata)) === canonicalizeOlpc(body);
}
