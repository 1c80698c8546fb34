// SPDX-License-Identifier: Apache-2.0
import { ServiceError } from "../../errors.ts";

/** What clients name an entry by. */
export interface EntryId {
  /** Undefined where only the leaf hash is given. */
  readonly treeId: bigint | undefined;
  /** Leaf hash, 64 lower-case hex digits. */
  readonly uuid: string;
}

/** The pattern as Rekor's OpenAPI has it and its refusals quote it. */
export const entryIdPattern = "^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$";

const pattern = new RegExp(entryIdPattern);
const treeIdDigits = 16;
const treeIdMax = 0x7fff_ffff_ffff_ffffn;

export function isEntryId(text: string): boolean {
  return pattern.test(text);
}

/** The id of an entry in its full form: 16 digits of the tree, 64 of the leaf hash. */
export function formatEntryId(treeId: bigint, uuid: string): string {
  return treeId.toString(16).padStart(treeIdDigits, "0") + uuid;
}

/**
 * Takes an id apart.
 * @param text of 64 or 80 hex digits: checked before with {@link isEntryId}.
 * @param refusal begins the message where the tree's part is none.
 * @throws ServiceError `malformed`
 */
export function parseEntryId(text: string, refusal = "validation error:"): EntryId {
  const uuid = text.slice(-64).toLowerCase();
  if (text.length === 64) return { treeId: undefined, uuid };
  const digits = text.slice(0, treeIdDigits);
  const treeId = BigInt(`0x${digits}`);
  if (treeId > treeIdMax) {
    throw new ServiceError("malformed", `${refusal} ${digits} is not a valid TreeID`);
  }
  if (treeId === 0n) throw new ServiceError("malformed", `${refusal} 0 is not a valid TreeID`);
  return { treeId, uuid };
}
