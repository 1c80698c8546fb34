// SPDX-License-Identifier: Apache-2.0
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { encodeBase64, utf8Bytes } from "@chancery/formats/bytes";
import { type PrivateKey, randomBytes, scrypt, wipe } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { encodePem } from "@chancery/formats/pem";
import { checkKeyAllowed } from "./allowed.ts";
import { ask, type KeyFileFormat } from "./format.ts";
import { openPkcs8 } from "./pkcs8.ts";

const FORMAT = "encrypted private key";

/** The label that cosign writes since 2.0. */
const cosignKeyLabel = "ENCRYPTED SIGSTORE PRIVATE KEY";
const cosignKeyLabelOld = "ENCRYPTED COSIGN PRIVATE KEY";

/** The costs that cosign opens: its own before 1.10, its default, and the next step. */
const scryptNs: readonly number[] = [32768, 65536, 131072];
const scryptNWritten = 65536;
const [saltBytes, nonceBytes, keyBytes, tagBytes] = [32, 24, 32, 16];

/** cosign's own format: scrypt and NaCl secretbox around PKCS#8, described in JSON inside PEM. */
export const cosignFormat: KeyFileFormat = {
  name: "cosign",
  matches: ({ label }) => label === cosignKeyLabel || label === cosignKeyLabelOld,
  async decode({ bytes, headers }, password) {
    if (Object.keys(headers).length > 0) {
      throw new FormatError("malformed-pem", "pem", "", `headers in ${cosignKeyLabel}`);
    }
    const { n, salt, nonce, ciphertext } = decodeEnvelope(bytes);
    const key = await scrypt(await ask(password), salt, { n, r: 8, p: 1 }, keyBytes);
    try {
      return openPkcs8(openBox(key, nonce, ciphertext));
    } finally {
      wipe(key);
    }
  },
};

/**
 * Encrypts a key as `cosign generate-key-pair` and `import-key-pair` do, with the same bytes but
 * for salt and nonce: a PEM file that cosign opens.
 *
 * @param password may be empty, which protects nothing. Takes about 0.2 s, off the event loop.
 * @throws SignError `unsupported-key` for keys that cosign would refuse.
 */
export async function writeCosignKey(key: PrivateKey, password: Uint8Array): Promise<string> {
  checkKeyAllowed(key.publicKey);
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const boxKey = await scrypt(password, salt, { n: scryptNWritten, r: 8, p: 1 }, keyBytes);
  const pkcs8 = key.toPkcs8();
  const ciphertext = xsalsa20poly1305(boxKey, nonce).encrypt(pkcs8);
  wipe(boxKey, pkcs8);
  const envelope = {
    kdf: {
      name: "scrypt",
      params: { N: scryptNWritten, r: 8, p: 1 },
      salt: encodeBase64(salt),
    },
    cipher: { name: "nacl/secretbox", nonce: encodeBase64(nonce) },
    ciphertext: encodeBase64(ciphertext),
  };
  return encodePem(cosignKeyLabel, utf8Bytes(JSON.stringify(envelope)));
}

interface Envelope {
  readonly n: number;
  readonly salt: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

function decodeEnvelope(json: Uint8Array): Envelope {
  const limits = { sizeBytesMax: 1 << 16, depthMax: 4 };
  const outer = new ObjectDecoder(parseJson(json, FORMAT, limits), FORMAT);
  const kdf = outer.object("kdf");
  kdf.oneOf("name", ["scrypt"]);
  const params = kdf.object("params");
  const [n, r, p] = ["N", "r", "p"].map((name) => params.integer(name)) as [number, number, number];
  params.end();
  const salt = kdf.bytes("salt");
  kdf.end();
  const cipher = outer.object("cipher");
  cipher.oneOf("name", ["nacl/secretbox"]);
  const nonce = cipher.bytes("nonce");
  cipher.end();
  const ciphertext = outer.bytes("ciphertext");
  outer.end();
  if (!scryptNs.includes(n) || r !== 8 || p !== 1) {
    const known = `N=${scryptNs.join(" or ")} with r=8, p=1`;
    const problem = `N=${n}, r=${r}, p=${p}, where ${known} are read`;
    throw params.error(
      n > scryptNWritten || r > 8 || p > 1 ? "too-large" : "unsupported",
      "",
      problem,
    );
  }
  if (nonce.length !== nonceBytes) {
    throw cipher.error("malformed", "nonce", `${nonce.length} bytes, not ${nonceBytes}`);
  }
  if (ciphertext.length <= tagBytes) throw outer.error("truncated", "ciphertext", "is too short");
  return { n, salt, nonce, ciphertext };
}

function openBox(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  try {
    return xsalsa20poly1305(key, nonce).decrypt(ciphertext);
  } catch {
    return undefined; // noble's only refusal for sizes that were checked: the tag
  }
}
