// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, encodeBase64 } from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";

/** One PEM block (RFC 7468). */
export interface PemBlock {
  /** The label between the dashes, such as `PUBLIC KEY`. */
  readonly label: string;
  /** RFC 1421 headers (`DEK-Info: …`), which only old encrypted keys have. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

/** Limit on the text of a PEM file: the largest chains and keys seen are under 64 KiB. */
export const pemTextLengthMax: number = 1 << 20;

const BEGIN = /^-----BEGIN ([A-Z0-9][A-Z0-9 ]*)-----$/;
const HEADER = /^([A-Za-z0-9-]+):\s*(.*)$/;

/**
 * All blocks of a PEM file, in order; text between blocks is skipped as RFC 7468 §2 allows.
 * Inside a block only base64 lines (and RFC 1421 headers) may stand.
 *
 * @throws FormatError `malformed-pem` where there is no block, or one is not closed by its own
 *   label; `too-large`; the base64 codes.
 */
export function decodePem(text: string): PemBlock[] {
  if (text.length > pemTextLengthMax) {
    throw new FormatError("too-large", "pem", "", `more than ${pemTextLengthMax} characters`);
  }
  const lines = text.split(/\r\n|\n|\r/);
  const blocks: PemBlock[] = [];
  for (let i = 0; i < lines.length; i++) {
    const label = BEGIN.exec((lines[i] as string).trimEnd())?.[1];
    if (label === undefined) continue;
    const opened = i + 1;
    const headers: Record<string, string> = {};
    let body = "";
    for (i++; ; i++) {
      const line = lines[i]?.trim();
      if (line === undefined || line.startsWith("-----BEGIN")) {
        throw new FormatError("malformed-pem", "pem", `line ${opened}`, `${label} is not closed`);
      }
      if (line.startsWith("-----END")) {
        if (line !== `-----END ${label}-----`) {
          throw new FormatError(
            "malformed-pem",
            "pem",
            `line ${i + 1}`,
            `${label} ends as ${line}`,
          );
        }
        break;
      }
      const header = body === "" ? HEADER.exec(line) : null;
      if (header) headers[header[1] as string] = header[2] as string;
      else body += line;
    }
    blocks.push({ label, headers, bytes: decodeBase64(body, `${label}, line ${opened}`) });
  }
  if (blocks.length === 0) {
    throw new FormatError("malformed-pem", "pem", "", "no -----BEGIN …----- line");
  }
  return blocks;
}

/**
 * The only block of a PEM file that has one of the labels; blocks of others are passed over.
 * @throws FormatError `missing-field` where there is none, `malformed-pem` where there are several;
 *   the codes of `decodePem`.
 */
export function decodePemBlock(text: string, ...labels: readonly string[]): PemBlock {
  const blocks = decodePem(text);
  const [found, ...others] = blocks.filter((block) => labels.includes(block.label));
  if (!found) {
    const held = blocks.map((block) => block.label).join(", ");
    throw new FormatError("missing-field", "pem", "", `no ${labels.join(" or ")}, but ${held}`);
  }
  if (others.length > 0) {
    throw new FormatError("malformed-pem", "pem", "", `more than one ${labels.join(" or ")}`);
  }
  return found;
}

/** A PEM block with 64-column lines and a trailing newline. */
export function encodePem(label: string, bytes: Uint8Array): string {
  const lines = encodeBase64(bytes).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
