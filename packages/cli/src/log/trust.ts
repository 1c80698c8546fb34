// SPDX-License-Identifier: Apache-2.0
import type { LogEntry } from "@chancery/formats/bundle";
import { bytesEqual, decodeUtf8, encodeHex } from "@chancery/formats/bytes";
import { decodePublicKeyPem, encodePublicKeyPem, type PublicKey } from "@chancery/formats/crypto";
import { MerkleError, verifyConsistency } from "@chancery/formats/merkle";
import {
  noteVerifier,
  parseSignedCheckpoint,
  type SignedCheckpoint,
  spkiKeyId,
  verifyNoteSignature,
} from "@chancery/formats/note";
import {
  assembleTrustedRoot,
  decodeTrustedRoot,
  describeLog,
  type TrustedRoot,
} from "@chancery/formats/trust";
import type { LogTree, RekorV1Client, RekorV1Entry } from "@chancery/sign/rekor";
import { firstFailure, verifyLogEntry } from "@chancery/verify";
import type { LogFlags } from "../flags/index.ts";
import { CliError, type Invocation } from "../framework/index.ts";
import { readWhole } from "../files/index.ts";
import { type LogMemory, openMemory } from "./state.ts";

type Needs = Pick<Invocation<LogFlags>, "flags" | "io" | "report" | "signal">;

const trustBytesMax = 16 << 20;
const REKOR_V1_ORIGIN = /^(.+) - [0-9]+$/;

/**
 * What is known of the log, to verify what it says: a trusted root, its key, or, where there is
 * neither, the key that it names itself, which must stay the same from then on.
 */
export class LogTrust {
  readonly #client: RekorV1Client;
  readonly #memory: LogMemory;
  readonly #needs: Needs;
  readonly #root: TrustedRoot | undefined;
  readonly #key: PublicKey | undefined;

  private constructor(
    client: RekorV1Client,
    needs: Needs,
    memory: LogMemory,
    known: { readonly root: TrustedRoot | undefined; readonly key: PublicKey | undefined },
  ) {
    this.#client = client;
    this.#needs = needs;
    this.#memory = memory;
    this.#root = known.root;
    this.#key = known.key;
  }

  /** Reads what the flags name. @throws CliError */
  static async open(client: RekorV1Client, needs: Needs): Promise<LogTrust> {
    const { trustedRoot: file, rekorServerPublicKey: text } = needs.flags;
    const root =
      file === undefined
        ? undefined
        : decodeTrustedRoot(await readWhole(file, "trusted root", trustBytesMax, needs));
    const pem =
      text === undefined || text.includes("-----BEGIN")
        ? text
        : decodeUtf8(await readWhole(text, "public key", trustBytesMax, needs), "public key");
    const key = pem === undefined ? undefined : decodePublicKeyPem(pem);
    return new LogTrust(client, needs, await openMemory(needs), { root, key });
  }

  /**
   * Verifies an entry: promise, proof, checkpoint.
   * @throws CliError `log-entry-unproven`
   */
  async checkEntry({ id, entry }: RekorV1Entry): Promise<void> {
    const treeId = id.length === 80 ? String(BigInt(`0x${id.slice(0, 16)}`)) : undefined;
    const root = this.#root ?? rootOf(await this.#keyOf(treeId), entry);
    // By the rules of the API that answered: a log that has both serves all kinds by each of them.
    const evidence = verifyLogEntry({ ...entry, kind: "", kindVersion: "" }, root);
    if (evidence.verdict !== "verified") {
      const { message = "nothing vouches for it", code = "" } = firstFailure(evidence.checks) ?? {};
      throw refused("log-entry-unproven", `entry ${id} does not verify: ${message} (${code})`);
    }
    await this.#memory.save();
  }

  /**
   * Verifies the head of a tree, and that the tree has only grown since it was seen last.
   * @returns whether it was seen before.
   * @throws CliError `log-head-unsigned`, `log-shrank`, `log-forked`
   */
  async checkHead(tree: LogTree): Promise<boolean> {
    const { signed, treeId } = tree;
    const { checkpoint } = signed;
    if (checkpoint.size !== tree.treeSize || !bytesEqual(checkpoint.rootHash, tree.rootHash)) {
      throw refused("log-head-unsigned", `tree ${treeId}: its head and its checkpoint differ`);
    }
    const key = await this.#headKey(signed, treeId);
    const name = `${encodeHex(spkiKeyId(key))}/${treeId}`;
    const known = this.#memory.checkpoint(name);
    if (known !== undefined) await this.#checkGrowth(known, key, tree);
    if (checkpoint.size > 0n) this.#memory.setCheckpoint(name, tree.note);
    await this.#memory.save();
    return known !== undefined;
  }

  async #checkGrowth(note: string, key: PublicKey, tree: LogTree): Promise<void> {
    const { signed, treeId, treeSize: newSize, rootHash: newRoot } = tree;
    const old = parseSignedCheckpoint(note);
    // The file may have been changed: what the log did not sign proves nothing against it.
    if (!isSigned(old, key)) return;
    const { size: oldSize, rootHash: oldRoot } = old.checkpoint;
    if (oldSize > newSize) {
      throw refused(
        "log-shrank",
        `tree ${treeId} has ${newSize} entries, and had ${oldSize} when it was seen last`,
      );
    }
    const { hashes: proof } =
      oldSize === newSize
        ? { hashes: [] }
        : await this.#client.consistency({ firstSize: oldSize, lastSize: newSize, treeId });
    try {
      verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof });
    } catch (cause) {
      if (!(cause instanceof MerkleError)) throw cause;
      const evidence = `${old.note.text}${signed.note.text}`.trimEnd().replaceAll("\n", " ");
      throw refused(
        "log-forked",
        `tree ${treeId} does not extend what was seen of it: ${cause.message} (${evidence})`,
      );
    }
  }

  async #headKey(signed: SignedCheckpoint, treeId: string): Promise<PublicKey> {
    const keys = this.#root
      ? this.#root.tlogs.map(({ publicKey }) => publicKey)
      : [await this.#keyOf(treeId)];
    const key = keys.find((candidate) => isSigned(signed, candidate));
    if (key) return key;
    throw refused("log-head-unsigned", `tree ${treeId}: no known key signed its head`);
  }

  async #keyOf(treeId: string | undefined): Promise<PublicKey> {
    if (this.#key) return this.#key;
    const { url } = this.#client;
    const key = await this.#client.publicKey(treeId);
    const pem = encodePublicKeyPem(key);
    const place = treeId === undefined ? url : `${url} ${treeId}`;
    const known = this.#memory.key(place);
    if (known !== undefined && known !== pem) {
      throw refused(
        "log-key-changed",
        `the log at ${url} has another key than when it was seen first`,
        "if its operator says that this is right, remove the key from the state file",
      );
    }
    this.#memory.setKey(place, pem);
    const source = known === undefined ? "the log itself" : "the log itself, as before";
    this.#needs.report.detail(`the log's key is from ${source}; --trusted-root names a better one`);
    return key;
  }
}

/** A trusted root with the one key, under the name that the entry's checkpoint has. */
function rootOf(publicKey: PublicKey, { inclusionProof }: LogEntry): TrustedRoot {
  const { origin } = parseSignedCheckpoint(inclusionProof?.checkpoint ?? "").checkpoint;
  const log = describeLog({
    baseUrl: REKOR_V1_ORIGIN.exec(origin)?.[1] ?? origin,
    publicKey,
    validFor: { start: new Date(0) },
  });
  const nothing = { certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
  return assembleTrustedRoot({ tlogs: [log], ...nothing });
}

function isSigned({ checkpoint, note }: SignedCheckpoint, key: PublicKey): boolean {
  const name = REKOR_V1_ORIGIN.exec(checkpoint.origin)?.[1] ?? checkpoint.origin;
  return verifyNoteSignature(note, noteVerifier(name, key, spkiKeyId(key))).status === "verified";
}

function refused(
  code: string,
  message: string,
  hint = "keep this answer, and ask the log's operator",
): CliError {
  return new CliError("refused", code, message, { hint });
}
