// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import { parseJson } from "@chancery/formats/json";
import { LineCounter, parseDocument } from "yaml";
import { FulcioConfigError } from "./errors.ts";
import { readConfig } from "./read.ts";
import type { FulcioConfig } from "./types.ts";

/** Longest configuration file that is read; the public instance's has 20 kB. */
export const configSizeBytesMax: number = 1 << 20;

/** Aliases that a file may follow: an alias of aliases would grow without end. */
const aliasesMax = 1000;

/**
 * Reads Fulcio's configuration file, YAML or JSON, with its settings in either spelling.
 *
 * @param source its name, for errors
 * @throws FulcioConfigError `malformed`, with the line; `invalid`, with the path of every setting
 *   that is wrong
 */
export function parseFulcioConfig(text: string, source: string): FulcioConfig {
  const value = /^\s*\{/.test(text) ? readJson(text, source) : readYaml(text, source);
  if (value === null) {
    // Half of a replacement, most often. Who wants no issuers says {}.
    throw new FulcioConfigError("malformed", `${source}: is empty: it says nothing of issuers`);
  }
  return readConfig(value, source);
}

function readJson(text: string, source: string): unknown {
  try {
    return parseJson(text, source, { sizeBytesMax: configSizeBytesMax, depthMax: 16 });
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new FulcioConfigError("malformed", cause.message, { cause });
  }
}

function readYaml(text: string, source: string): unknown {
  const lines = new LineCounter();
  // Go's parser ends an alias that is a key before the colon; YAML 1.2 takes the colon into its
  // name. Fulcio's own file is written for Go.
  const standard = text.replace(/^([ \t]*\*[\w-]+):(?=\s|$)/gm, "$1 :");
  const document = parseDocument(standard, {
    lineCounter: lines,
    uniqueKeys: true,
    merge: true,
  });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    const problem = `${source}:${line}:${col}: ${error.message.split("\n", 1)[0]}`;
    throw new FulcioConfigError("malformed", problem, { cause: error });
  }
  try {
    return document.toJS({ maxAliasCount: aliasesMax }) as unknown;
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    throw new FulcioConfigError("malformed", `${source}: ${cause.message}`, { cause });
  }
}
