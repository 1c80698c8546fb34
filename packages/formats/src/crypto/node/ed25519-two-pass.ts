// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../../bytes/index.ts";
import { FormatError } from "../../errors/index.ts";
import { createHasher } from "../verify.ts";
import { wipe } from "./ciphers.ts";
import { ed25519Nonce, expandEd25519, finishEd25519 } from "./ed25519-sign.ts";
import type { PrivateKey } from "./private-key.ts";

/**
 * Pure Ed25519 (RFC 8032 §5.1.6) over content of any size in constant memory, by reading it twice.
 * The signature is the same, byte for byte, as of the content in one piece; where that fits in
 * memory, `PrivateKey.sign` is faster and takes constant time.
 *
 * @param open starts reading the content from its beginning; called twice, one after the other.
 * @throws FormatError `unsupported` where the key is not Ed25519;
 *   `malformed` where the second reading differs from the first. Two signatures from one first
 *   reading and different second ones would give away the key, so none is made.
 */
export async function signEd25519TwoPass(
  key: PrivateKey,
  open: () => AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  if (key.publicKey.type !== "ed25519") {
    throw new FormatError("unsupported", "signature", "", "Ed25519 with another key type");
  }
  const { raw } = key.publicKey;
  const pkcs8 = key.toPkcs8();
  const secret = expandEd25519(pkcs8.slice(-32));
  wipe(pkcs8);
  try {
    const first = await hashContent([secret.prefix], open());
    const nonce = ed25519Nonce(first.hash);
    const second = await hashContent([nonce.point, raw], open());
    if (!bytesEqual(first.content, second.content)) {
      throw new FormatError(
        "malformed",
        "signature",
        "",
        "the content changed while it was signed",
      );
    }
    return finishEd25519(secret, nonce, second.hash);
  } finally {
    wipe(secret.prefix);
  }
}

/** SHA-512 over the head and the content, and over the content alone. */
async function hashContent(
  head: readonly Uint8Array[],
  content: AsyncIterable<Uint8Array>,
): Promise<{ hash: Uint8Array; content: Uint8Array }> {
  const whole = createHasher("sha512");
  const alone = createHasher("sha512");
  for (const part of head) whole.update(part);
  for await (const chunk of content) {
    whole.update(chunk);
    alone.update(chunk);
  }
  return { hash: whole.digest(), content: alone.digest() };
}
