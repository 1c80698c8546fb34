// SPDX-License-Identifier: Apache-2.0
import { open } from "node:fs/promises";
import { SignError } from "../errors.ts";
import { malformedToken, tokenCharsMax } from "./jwt.ts";

/** Room for a line end or two around the longest token. */
const fileBytesMax = tokenCharsMax + 16;

/**
 * Reads a file or pipe with a token in it, without the white space around it, with which other
 * tools send a header that no server takes.
 *
 * @param shown the file in messages; not its path where that could be a damaged token.
 * @throws SignError `identity-token-unreadable` | `identity-token-malformed`
 */
export async function readTokenFile(path: string, shown: string = path): Promise<string> {
  const buffer = new Uint8Array(fileBytesMax + 1);
  let length = 0;
  try {
    await using file = await open(path, "r");
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
  } catch (cause) {
    const { code = "unknown error" } = cause as NodeJS.ErrnoException;
    // Not the system's error as the cause: it holds the path.
    throw new SignError(
      "identity-token-unreadable",
      `cannot read an identity token from ${shown}: ${code}`,
      "give a token, or the path of a file that holds one",
    );
  }
  if (length > fileBytesMax) throw malformedToken(`in ${shown} is too long`);
  // Bytes that are not UTF-8 become a character that no token has, which its parser refuses.
  return new TextDecoder().decode(buffer.subarray(0, length)).trim();
}
