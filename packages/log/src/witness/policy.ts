// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { type NoteVerifier, parseVerifierKey } from "@chancery/formats/note";
import { LogError } from "../errors.ts";

/** A log that a policy accepts. */
export interface PolicyLog {
  readonly verifier: NoteVerifier;
  readonly url: string | undefined;
}

/** A witness that a policy knows. */
export interface PolicyWitness {
  /** Its name within the policy. */
  readonly name: string;
  /** For `verifyCosignature`. */
  readonly verifier: NoteVerifier;
  /** Submission prefix. */
  readonly url: string | undefined;
}

/** Which logs and witnesses are trusted, and how many of the latter it takes. */
export interface TrustPolicy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  /** Whether cosignatures of these witnesses are enough. @param names as in `witnesses` */
  isMet(names: ReadonlySet<string>): boolean;
}

/** Limits of a policy; C2SP asks for at least 32 of each kind. */
export const policyLimits: Readonly<Record<"charsMax" | "linesOfKindMax", number>> = {
  charsMax: 1 << 18,
  linesOfKindMax: 256,
};

type Quorum = (cosigned: ReadonlySet<string>) => boolean;

/**
 * Reads a policy file (C2SP tlog-policy): lines `log`, `witness`, `group`, and one `quorum`.
 *
 * @param input bytes; those above 7F are opaque, so that names are compared as bytes.
 * @throws LogError `malformed` with the line's number: an unknown word, a name that is not defined
 *   before, defined twice or member of two groups, a key of the wrong kind or given twice, a
 *   threshold outside 1 to the number of members, no quorum or two; `too-large`
 */
export function parsePolicy(input: Uint8Array): TrustPolicy {
  if (input.length > policyLimits.charsMax) {
    throw new LogError("too-large", `a policy of ${input.length} bytes`);
  }
  const bad = input.findIndex(
    (byte) => (byte < 0x20 && byte !== 9 && byte !== 10) || byte === 0x7f,
  );
  if (bad !== -1)
    throw new LogError("malformed", `a control character at byte ${bad} of the policy`);
  const reader = new PolicyReader();
  // One character a byte: what is not ASCII stays apart as it is.
  const text = Array.from(input, (byte) => String.fromCharCode(byte)).join("");
  for (const [i, line] of text.split("\n").entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== "");
    if (words.length === 0 || words[0]?.startsWith("#")) continue;
    try {
      reader.take(words);
    } catch (cause) {
      if (!(cause instanceof LogError) && !(cause instanceof FormatError)) throw cause;
      throw new LogError("malformed", `policy line ${i + 1}: ${cause.message}`, "", { cause });
    }
  }
  return reader.finish();
}

class PolicyReader {
  readonly #logs: PolicyLog[] = [];
  readonly #witnesses: PolicyWitness[] = [];
  readonly #names = new Map<string, Quorum>();
  readonly #members = new Set<string>();
  readonly #logKeys = new Set<string>();
  readonly #witnessKeys = new Set<string>();
  #groups = 0;
  #quorum: Quorum | undefined;

  take([kind, ...rest]: readonly string[]): void {
    switch (kind) {
      case "log":
        return this.#log(rest);
      case "witness":
        return this.#witness(rest);
      case "group":
        return this.#group(rest);
      case "quorum":
        return this.#setQuorum(rest);
      default:
        throw malformed(`${JSON.stringify(kind)} begins no line of a policy`);
    }
  }

  finish(): TrustPolicy {
    const isMet = this.#quorum;
    if (!isMet) throw malformed("the policy has no quorum line");
    return { logs: this.#logs, witnesses: this.#witnesses, isMet };
  }

  #log([key = "", url, ...more]: readonly string[]): void {
    if (more.length > 0) throw malformed("a log line has a key and a URL");
    const { verifier } = knownKey(key, "note", this.#logKeys);
    this.#logs.push({ verifier, url });
    checkCount(this.#logs.length);
  }

  #witness([name = "", key = "", url, ...more]: readonly string[]): void {
    if (more.length > 0) throw malformed("a witness line has a name, a key and a URL");
    const { verifier } = knownKey(key, "cosignature", this.#witnessKeys);
    this.#define(name, (cosigned) => cosigned.has(name));
    this.#witnesses.push({ name, verifier, url });
    checkCount(this.#witnesses.length);
  }

  #group([name = "", threshold = "", ...members]: readonly string[]): void {
    if (members.length === 0) throw malformed("a group has at least one member");
    const quorums = members.map((member) => {
      const quorum = this.#names.get(member);
      if (!quorum) throw malformed(`${member} is not defined before`);
      if (this.#members.has(member)) throw malformed(`${member} is a member already`);
      this.#members.add(member);
      return quorum;
    });
    const needed = groupThreshold(threshold, members.length);
    this.#define(name, (cosigned) => quorums.filter((met) => met(cosigned)).length >= needed);
    checkCount(++this.#groups);
  }

  #setQuorum([name, ...more]: readonly string[]): void {
    if (name === undefined || more.length > 0) throw malformed("a quorum line has one name");
    if (this.#quorum) throw malformed("there is a second quorum line");
    const quorum = name === "none" ? (): boolean => true : this.#names.get(name);
    if (!quorum) throw malformed(`${name} is not defined before`);
    this.#quorum = quorum;
  }

  #define(name: string, quorum: Quorum): void {
    if (name === "none" || this.#names.has(name)) throw malformed(`${name} is defined already`);
    this.#names.set(name, quorum);
  }
}

function groupThreshold(text: string, members: number): number {
  if (text === "all") return members;
  if (text === "any") return 1;
  const threshold = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : 0;
  if (threshold < 1 || threshold > members) {
    throw malformed(`${text} of ${members} members is no threshold`);
  }
  return threshold;
}

function knownKey(
  text: string,
  kind: "note" | "cosignature",
  seen: Set<string>,
): ReturnType<typeof parseVerifierKey> {
  const key = parseVerifierKey(text);
  if (key.kind !== kind) {
    throw malformed(kind === "note" ? "a witness's key for a log" : "a log's key for a witness");
  }
  const spki = encodeHex(key.verifier.key.spki);
  if (seen.has(spki)) throw malformed("the key is given already");
  seen.add(spki);
  return key;
}

function checkCount(count: number): void {
  if (count > policyLimits.linesOfKindMax) throw malformed("too many lines of this kind");
}

function malformed(problem: string): LogError {
  return new LogError("malformed", problem);
}
