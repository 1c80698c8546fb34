// SPDX-License-Identifier: Apache-2.0
import { decodeBase64, encodeBase64 } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";

/** The body of an `add-checkpoint` request (C2SP tlog-witness). */
export interface AddCheckpoint {
  /** Size that the client thinks the witness has cosigned last. */
  readonly oldSize: number;
  /** Consistency proof from there to the checkpoint, hashes of 32 bytes. */
  readonly proof: readonly Uint8Array[];
  /** The signed note, as it is. */
  readonly checkpoint: string;
}

/** Limits of a request: 63 hashes, and a checkpoint of 16 kB, which holds 50 signatures. */
export const addCheckpointLimits: Readonly<Record<"charsMax" | "proofMax", number>> = {
  charsMax: 20 << 10,
  proofMax: 63,
};

const FORMAT = "add-checkpoint";
const OLD = /^old (0|[1-9][0-9]{0,15})$/;

/** Writes a request. @throws FormatError `too-large` for a longer proof */
export function encodeAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  if (proof.length > addCheckpointLimits.proofMax) {
    throw new FormatError("too-large", FORMAT, "proof", `${proof.length} hashes`);
  }
  const hashes = proof.map((hash) => `${encodeBase64(hash)}\n`).join("");
  return `old ${oldSize}\n${hashes}\n${checkpoint}`;
}

/**
 * Reads a request: `old <size>`, up to 63 lines of base64, an empty line, the checkpoint.
 * @throws FormatError `malformed` | `too-large` | `missing-field` | `out-of-range`; the base64
 *   codes. Does not look into the checkpoint.
 */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  if (body.length > addCheckpointLimits.charsMax) {
    throw new FormatError("too-large", FORMAT, "", `${body.length} characters`);
  }
  const blank = body.indexOf("\n\n");
  if (blank === -1) throw new FormatError("missing-field", FORMAT, "checkpoint", "is missing");
  const [old = "", ...hashes] = body.slice(0, blank).split("\n");
  const size = OLD.exec(old)?.[1];
  if (size === undefined) {
    throw new FormatError("malformed", FORMAT, "line 1", "is not `old` and a size");
  }
  const oldSize = Number(size);
  if (!Number.isSafeInteger(oldSize)) {
    throw new FormatError("out-of-range", FORMAT, "line 1", `the size ${size}`);
  }
  if (hashes.length > addCheckpointLimits.proofMax) {
    throw new FormatError("too-large", FORMAT, "proof", `${hashes.length} hashes`);
  }
  const proof = hashes.map((line, i) => {
    const hash = decodeBase64(line, `${FORMAT} line ${i + 2}`);
    if (hash.length !== 32) {
      throw new FormatError("malformed", FORMAT, `line ${i + 2}`, "is not a hash of 32 bytes");
    }
    return hash;
  });
  return { oldSize, proof, checkpoint: body.slice(blank + 2) };
}
