// SPDX-License-Identifier: Apache-2.0
import { encodeBase64 } from "@chancery/formats/bytes";
import type { PublicKey } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { type JsonValue, parseJson } from "@chancery/formats/json";
import { logKeyId } from "@chancery/formats/note";
import { parseTilePath, tileWidth } from "@chancery/formats/tiles";
import type { Receipt } from "@chancery/log";
import { ServiceError } from "../../errors.ts";
import { handlersOfKind, type PreparedEntry, protoError, soleField } from "../entry/index.ts";
import { type IntakeOptions, logEntry, prepareEntry } from "../intake.ts";
import type { TransparencyLog } from "../transparency-log.ts";

/** What Rekor v2 needs to know of its log. */
export interface RekorV2Options {
  readonly log: TransparencyLog;
  /** First line of the log's checkpoints, and the name of its key. */
  readonly origin: string;
  readonly publicKey: PublicKey;
  readonly intake: IntakeOptions;
}

/** The kinds by the names of their requests. */
const requestKinds: Readonly<Record<string, string>> = {
  hashedRekordRequestV002: "hashedrekord",
  dsseRequestV002: "dsse",
};

const decoder = new TextDecoder();

/** The operations of Rekor v2's API, apart from HTTP. */
export class RekorV2 {
  readonly #options: RekorV2Options;
  readonly #logId: string;

  constructor(options: RekorV2Options) {
    this.#options = options;
    this.#logId = encodeBase64(logKeyId(options.origin, options.publicKey));
  }

  /**
   * Verifies and logs; of an entry that is logged already the present proof.
   * @returns a TransparencyLogEntry in protobuf's JSON mapping.
   */
  async create(body: Uint8Array, sizeBytesMax: number): Promise<object> {
    const { log, intake } = this.#options;
    if (intake.frozen) {
      const message = "This log has been frozen, please switch to the latest log.\n";
      throw new ServiceError("frozen", message);
    }
    const [field, request] = soleField(readJson(body, sizeBytesMax), Object.keys(requestKinds));
    const kind = requestKinds[field] as string;
    const [handler] = handlersOfKind(kind, 2);
    if (!handler) throw new ServiceError("malformed", "invalid type, must be hashedrekord");
    let prepared: PreparedEntry;
    try {
      prepared = await prepareEntry(handler, request, intake, "insert");
    } catch (cause) {
      if (!(cause instanceof ServiceError) || cause.code !== "invalid") throw cause;
      throw new InvalidRequest(kind, cause);
    }
    const receipt = await logEntry(log, prepared, intake);
    return this.#entryJson(prepared.kind, prepared.version, prepared.body, receipt);
  }

  checkpoint(): Uint8Array {
    return this.#options.log.head().checkpoint;
  }

  /**
   * A tile or bundle.
   * @param path below the log's prefix, `tile/…`.
   * @returns undefined where the path is none, or the tree has not that many hashes there.
   */
  async tile(path: string): Promise<ServedTile | undefined> {
    try {
      const tile = parseTilePath(path);
      const { index, width } = tile;
      const { log } = this.#options;
      const bytes =
        tile.kind === "tile"
          ? await log.tile(tile.level, index, width)
          : await log.entries(index, width);
      return bytes && { kind: tile.kind, bytes, full: width === tileWidth };
    } catch (cause) {
      if (cause instanceof FormatError) return undefined;
      throw cause;
    }
  }

  #entryJson(kind: string, version: string, body: Uint8Array, receipt: Receipt): object {
    const { head, proof } = receipt;
    const logIndex = String(receipt.index);
    return {
      logIndex,
      logId: { keyId: this.#logId },
      kindVersion: { kind, version },
      integratedTime: "0",
      inclusionPromise: null,
      inclusionProof: {
        logIndex,
        rootHash: encodeBase64(head.rootHash),
        treeSize: String(head.size),
        hashes: proof.map(encodeBase64),
        checkpoint: { envelope: decoder.decode(head.checkpoint) },
      },
      canonicalizedBody: encodeBase64(body),
    };
  }
}

/** An immutable resource of the log. */
export interface ServedTile {
  readonly kind: "tile" | "entries";
  readonly bytes: Uint8Array;
  /** Whether it will never grow. */
  readonly full: boolean;
}

/** A refusal in the reference's words, which do not say why; the reason goes with it apart. */
export class InvalidRequest extends ServiceError {
  readonly reason: string;

  constructor(kind: string, cause: ServiceError) {
    super("invalid", `invalid ${kind} request`, { cause });
    this.reason = cause.message;
  }
}

function readJson(body: Uint8Array, sizeBytesMax: number): JsonValue {
  try {
    return parseJson(body, "syntax error", { sizeBytesMax, depthMax: 32, valuesMax: 1 << 12 });
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw protoError(cause.message);
  }
}
