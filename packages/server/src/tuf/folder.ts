// SPDX-License-Identifier: Apache-2.0

/**
 * Where a repository is kept: its files as they are served, so that any web server could. Whoever
 * can write there can withhold updates, and roll back to what was signed before; not more.
 */
export interface TufFolder {
  /** The text of a file such as `timestamp.json` or `targets/<sha256>.<name>`. */
  read(name: string): Promise<string | undefined>;
  /** Puts a file as a whole, durably; the folders it needs are made. */
  write(name: string, text: string): Promise<void>;
  /** Names of all files, `targets/` and all. */
  names(): Promise<readonly string[]>;
}

const served = /^(?:timestamp\.json|[1-9][0-9]{0,9}\.(?:root|targets|snapshot)\.json)$/;
const servedTarget = /^targets\/[0-9a-f]{64}\.[A-Za-z0-9._-]{1,128}$/;

/** Whether a name may be a file of a repository. Nothing else in the folder is served. */
export function isServedName(name: string): boolean {
  return served.test(name) || servedTarget.test(name);
}
