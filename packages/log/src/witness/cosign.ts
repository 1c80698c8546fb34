// SPDX-License-Identifier: Apache-2.0
import { concatBytes, decodeUtf8, utf8Bytes } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import {
  encodeSignatureLine,
  type NoteSignature,
  parseSignatureLines,
  parseSignedCheckpoint,
  verifyCosignature,
} from "@chancery/formats/note";
import { LogError } from "../errors.ts";
import { type Fetch, readAtMost } from "../follow/index.ts";
import { encodeAddCheckpoint } from "./add-checkpoint.ts";
import type { PolicyWitness, TrustPolicy } from "./policy.ts";

/** What asking witnesses needs. */
export interface CosignOptions {
  readonly policy: TrustPolicy;
  readonly fetch: Fetch;
  /** Consistency proofs of the log that is witnessed. */
  readonly consistencyProof: (oldSize: number, newSize: number) => Promise<readonly Uint8Array[]>;
  /** How long a witness may take in all. */
  readonly timeoutMs?: number;
  /**
   * `required`: without a quorum the checkpoint is not answered. `best-effort`: it is answered
   * with the cosignatures there are, and says whether they are enough.
   */
  readonly mode: "required" | "best-effort";
}

/** A checkpoint with the cosignatures that were given. */
export interface CosignedCheckpoint {
  /** The note: the log's own signatures first. */
  readonly checkpoint: Uint8Array;
  /** Names of the witnesses that cosigned, as in the policy. */
  readonly cosignedBy: readonly string[];
  readonly quorumMet: boolean;
  /** By name, why a witness did not. */
  readonly failures: ReadonlyMap<string, LogError>;
}

/** Times that a witness is asked for one checkpoint: it may tell twice that it is elsewhere. */
const attemptsMax = 3;
const timeoutMsUsual = 1000;
const answerSizeBytesMax = 16 << 10;

/**
 * Asks the witnesses of a policy to cosign checkpoints of one log (C2SP tlog-witness). Remembers
 * what each has cosigned last, so that the next checkpoint takes one request.
 */
export class WitnessClient {
  readonly #options: CosignOptions;
  /** By name, where each witness is, as far as is known. */
  readonly #sizes = new Map<string, number>();
  /** By name, the largest size that each has cosigned. */
  readonly #cosigned = new Map<string, number>();

  constructor(options: CosignOptions) {
    this.#options = options;
  }

  /**
   * Gathers cosignatures, from all witnesses that have a URL at once.
   * @param checkpoint signed by the log, and durable: it leaves the process here.
   * @throws LogError `quorum` where they are required and too few; its `cause` is an AggregateError
   */
  async cosign(checkpoint: Uint8Array): Promise<CosignedCheckpoint> {
    const { policy, mode } = this.#options;
    const lines: string[] = [];
    const cosignedBy: string[] = [];
    const failures = new Map<string, LogError>();
    const asked = policy.witnesses.filter(({ url }) => url !== undefined);
    const answers = await Promise.allSettled(
      asked.map((witness) => this.#ask(witness, checkpoint)),
    );
    for (const [i, { name }] of asked.entries()) {
      const answer = answers[i] as PromiseSettledResult<NoteSignature>;
      if (answer.status === "fulfilled") {
        cosignedBy.push(name);
        lines.push(encodeSignatureLine(answer.value));
      } else if (answer.reason instanceof LogError) failures.set(name, answer.reason);
      else throw answer.reason;
    }
    const quorumMet = policy.isMet(new Set(cosignedBy));
    if (mode === "required" && !quorumMet) {
      const cause = new AggregateError(failures.values());
      const words = `${cosignedBy.length} of ${asked.length} witnesses cosigned, which is no quorum`;
      throw new LogError("quorum", words, "see the cause for each of them", { cause });
    }
    const note = concatBytes(checkpoint, utf8Bytes(lines.join("")));
    return { checkpoint: note, cosignedBy, quorumMet, failures };
  }

  async #ask(witness: PolicyWitness, checkpoint: Uint8Array): Promise<NoteSignature> {
    const size = Number(parseSignedCheckpoint(checkpoint).checkpoint.size);
    const signal = AbortSignal.timeout(this.#options.timeoutMs ?? timeoutMsUsual);
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const oldSize = Math.min(size, this.#sizes.get(witness.name) ?? 0);
      const answer = await this.#request(witness, checkpoint, oldSize, size, signal);
      if (typeof answer !== "number") {
        this.#sizes.set(witness.name, size);
        this.#cosigned.set(witness.name, size);
        return answer;
      }
      if (answer > size) {
        // Either another instance of the log is ahead, or this one is an old copy of it.
        const words = `${witness.name} has cosigned size ${answer}, beyond ${size}`;
        throw new LogError("rolled-back", words, "see whether this is an old copy of the log");
      }
      const cosigned = this.#cosigned.get(witness.name) ?? 0;
      if (answer < cosigned) {
        // Its cosignature would say nothing any more: it may cosign what contradicts the old one.
        const words = `${witness.name} was at size ${cosigned} and says ${answer} now`;
        throw new LogError("rolled-back", words, "have its operator see to its records");
      }
      this.#sizes.set(witness.name, answer);
    }
    throw new LogError("unreachable", `${witness.name} is at another size each time it is asked`);
  }

  /** @returns the cosignature, or the size that the witness is at. */
  async #request(
    witness: PolicyWitness,
    checkpoint: Uint8Array,
    oldSize: number,
    size: number,
    signal: AbortSignal,
  ): Promise<NoteSignature | number> {
    const { fetch, consistencyProof } = this.#options;
    const proof = await consistencyProof(oldSize, size);
    const url = `${(witness.url as string).replace(/\/+$/, "")}/add-checkpoint`;
    const note = decodeUtf8(checkpoint);
    const body = encodeAddCheckpoint({ oldSize, proof, checkpoint: note });
    let status: number;
    let contentType: string | null;
    let text: string;
    try {
      const headers = { "content-type": "text/plain; charset=utf-8" };
      const response = await fetch(url, {
        method: "POST",
        headers,
        body,
        signal,
        redirect: "error",
      });
      ({ status } = response);
      contentType = response.headers.get("content-type");
      text = decodeUtf8(await readAtMost(response, answerSizeBytesMax));
    } catch (cause) {
      throw new LogError("unreachable", `${url}: ${String(cause)}`, "", { cause });
    }
    if (status === 200) return cosignatureIn(text, checkpoint, witness);
    // Without that type a 409 tells of another root, in some witnesses.
    if (status === 409 && contentType?.split(";", 1)[0] === "text/x.tlog.size") {
      const told = /^(0|[1-9][0-9]{0,15})\n$/.exec(text)?.[1];
      if (told !== undefined && Number.isSafeInteger(Number(told))) return Number(told);
    }
    const words = `${witness.name} refuses: HTTP ${status} ${JSON.stringify(text.slice(0, 200))}`;
    const isFork = status === 409 || status === 422;
    throw new LogError(isFork ? "unverified" : "unreachable", words);
  }
}

/** The witness's own line among those it answered, verified. @throws LogError `unverified` */
function cosignatureIn(
  lines: string,
  checkpoint: Uint8Array,
  { name, verifier }: PolicyWitness,
): NoteSignature {
  try {
    const { note } = parseSignedCheckpoint(checkpoint);
    const signatures = parseSignatureLines(lines);
    const found = verifyCosignature({ ...note, signatures }, verifier);
    const isVerified = found.status === "verified";
    if (isVerified && found.timestamp > 0n) return found.signature;
    const problem = isVerified ? "has no time" : `is ${found.status}`;
    throw new LogError("unverified", `the cosignature of ${name} ${problem}`);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new LogError("malformed", `the answer of ${name}: ${cause.message}`, "", { cause });
  }
}
