// SPDX-License-Identifier: Apache-2.0
import { dsseV001 } from "./dsse-v001.ts";
import { dsseV002 } from "./dsse-v002.ts";
import type { EntryKindHandler } from "./handler.ts";
import { hashedrekordV001 } from "./hashedrekord-v001.ts";
import { hashedrekordV002 } from "./hashedrekord-v002.ts";
import { intotoV001 } from "./intoto-v001.ts";
import { intotoV002 } from "./intoto-v002.ts";
import { rekordV001 } from "./rekord-v001.ts";

/** Every kind of entry that is taken. */
export const entryKindHandlers: readonly EntryKindHandler[] = [
  hashedrekordV001,
  dsseV001,
  intotoV001,
  intotoV002,
  rekordV001,
  hashedrekordV002,
  dsseV002,
];

/** The versions of a kind that the API takes, in the order of the registry; empty: unknown kind. */
export function handlersOfKind(kind: string, api: 1 | 2): EntryKindHandler[] {
  return entryKindHandlers.filter((handler) => handler.kind === kind && handler.api === api);
}
