// SPDX-License-Identifier: Apache-2.0
import type { MessageSigner } from "@chancery/formats/crypto";
import { type JsonObject, type JsonValue, ObjectDecoder } from "@chancery/formats/json";
import { TufRepositoryError } from "./errors.ts";
import {
  countSigners,
  decodeMetadata,
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

/** Whose signatures make a role's metadata good. */
export interface RoleKeys {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

/** Root metadata: the keys of all roles. */
export interface Root extends Metadata {
  readonly keys: Readonly<Record<string, JsonValue>>;
  readonly roles: Readonly<Record<TufRole, RoleKeys>>;
}

const keysMax = 64;

/** Name of a version's file. */
export function rootFile(version: number): string {
  return `${version}.root.json`;
}

/** Reads a root. Does not check its signatures. @throws TufRepositoryError `damaged` */
export function decodeRoot(text: string, place: string): Root {
  const metadata = decodeMetadata(text, "root", place);
  return { ...metadata, ...readKeys(metadata.signed, place) };
}

/** The root that says who signs what, to be signed. */
export function makeRoot(
  version: number,
  expires: Date,
  keys: readonly TufKey[],
  roles: Root["roles"],
): JsonObject {
  const role = ({ keyids, threshold }: RoleKeys): JsonObject => ({
    keyids: [...keyids],
    threshold,
  });
  const named = new Set(tufRoles.flatMap((name) => roles[name].keyids));
  const listed = keys.filter(({ keyid }) => named.has(keyid));
  return {
    ...metadataHead("root", version, expires),
    consistent_snapshot: true,
    keys: Object.fromEntries(listed.map(({ keyid, key }) => [keyid, key])),
    roles: Object.fromEntries(tufRoles.map((name) => [name, role(roles[name])])),
  };
}

/**
 * Whether clients that trust one root will take the next one (TUF §5.3): one version higher, signed
 * by enough keys of both. Does not check that it has not expired.
 * @throws TufRepositoryError `version` | `threshold`
 */
export function checkSuccessor(root: Root, next: Root): void {
  if (next.version !== root.version + 1) {
    const message =
      `this is root version ${next.version}, the next one is ${root.version + 1}: ` +
      "make it anew with `chancery trust next-root`";
    throw new TufRepositoryError("version", message);
  }
  for (const [whose, { keys, roles }] of [
    [`version ${root.version}`, root],
    [`version ${next.version} itself`, next],
  ] as const) {
    const { keyids, threshold } = roles.root;
    const count = countSigners(next, keyids, keys);
    if (count >= threshold) continue;
    const message =
      `${threshold} of the ${keyids.length} root keys of ${whose} must sign, ${count} did: ` +
      "`chancery trust sign-root` adds a signature";
    throw new TufRepositoryError("threshold", message);
  }
}

/**
 * Adds a signature to a root that others sign, too; in place of an older one of the same key.
 * @returns the file with the signature, and whether the key is a root key of this version. One that
 *   is not counts where it was one of the version before.
 * @throws TufRepositoryError `damaged`; FormatError where the key is not ECDSA P-256
 */
export async function addRootSignature(
  text: string,
  signer: MessageSigner,
): Promise<{ readonly text: string; readonly root: Root; readonly isRootKey: boolean }> {
  const root = decodeRoot(text, "the root to sign");
  const { keyid } = describeKey(signer.publicKey);
  const others = root.signatures.filter((signature) => signature.keyid !== keyid);
  const signatures = [...others, ...(await signMetadata(root.signed, [signer]))];
  return {
    text: encodeMetadata(root.signed, signatures),
    root,
    isRootKey: root.roles.root.keyids.includes(keyid),
  };
}

function readKeys(signed: JsonObject, place: string): Pick<Root, "keys" | "roles"> {
  return reading(place, () => {
    const decoder = new ObjectDecoder(signed, place, "signed");
    decoder.object("keys");
    const roles = decoder.object("roles");
    const role = (name: TufRole): RoleKeys => {
      const item = roles.object(name);
      const keyids = item.strings("keyids", keysMax);
      const threshold = item.integer("threshold");
      if (threshold < 1) throw item.error("out-of-range", "threshold", "is below 1");
      return { keyids, threshold };
    };
    return {
      keys: decoder.raw("keys") as JsonObject,
      roles: {
        root: role("root"),
        targets: role("targets"),
        snapshot: role("snapshot"),
        timestamp: role("timestamp"),
      },
    };
  });
}
