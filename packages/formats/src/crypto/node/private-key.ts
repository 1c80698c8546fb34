// SPDX-License-Identifier: Apache-2.0
import crypto from "node:crypto";
import { bytesEqual } from "../../bytes/index.ts";
import { FormatError } from "../../errors/index.ts";
import {
  type Algorithm,
  algorithmFits,
  defaultAlgorithm,
  type HashName,
  hashSizes,
  type MessageSigner,
  type SignatureScheme,
} from "../algorithms.ts";
import { decodeSpki, type PublicKey } from "../public-key.ts";
import { digestInfo } from "../rsa.ts";
import { createHasher, hash, verifySignature } from "../verify.ts";
import { plain, randomBytes, wipe } from "./ciphers.ts";
import { signEd25519ph } from "./ed25519-sign.ts";
import { opensslSignDigest } from "./openssl-sign.ts";
import { decryptPkcs8, isEncryptedPkcs8 } from "./pbes2.ts";
import { type KeyMaterial, readPkcs8, writePkcs8 } from "./pkcs8.ts";
import { encodePss } from "./pss.ts";

/**
 * A private key in memory. Printing or serialising it shows the public half only.
 *
 * Every method throws FormatError `unsupported` where the scheme does not go with the key. ECDSA
 * signatures are DER, and other each time; RSA-PSS takes a random salt of the digest's size.
 */
export interface PrivateKey {
  readonly publicKey: PublicKey;
  /** Signs a message. */
  sign(scheme: SignatureScheme, message: Uint8Array): Uint8Array;
  /** As `sign`, in libuv's thread pool; the message must not change before it is done. */
  signInPool(scheme: SignatureScheme, message: Uint8Array): Promise<Uint8Array>;
  /**
   * Signs a message that comes in chunks, in constant memory. Every scheme but pure Ed25519, which
   * reads its message twice: `signEd25519TwoPass`.
   */
  startSignature(scheme: SignatureScheme): SignatureStream;
  /**
   * Signs a digest of the scheme's hash (`schemeHash`). Not pure Ed25519; ECDSA only where
   * OpenSSL's functions can be called (the optional package `koffi`).
   * @throws FormatError `out-of-range` where the digest has not the hash's size.
   */
  signDigest(scheme: SignatureScheme, digest: Uint8Array): Uint8Array;
  /** The secret itself: plain PrivateKeyInfo DER (RFC 5958), a copy for the caller to wipe. */
  toPkcs8(): Uint8Array;
}

/** A signature in the making. `finish` ends it. */
export interface SignatureStream {
  update(chunk: Uint8Array): void;
  finish(): Uint8Array;
}

/**
 * Makes a key for the algorithm. Blocks: RSA takes up to seconds.
 * @throws FormatError `unsupported` for algorithms that are only verified.
 */
export function generatePrivateKey(algorithm: Algorithm): PrivateKey {
  const { key } = algorithm;
  if (algorithm.verifyOnly || (key.type === "rsa" && key.modulusBits === undefined)) {
    throw unsupported(`no key is made for ${algorithm.name}, which is only verified`);
  }
  switch (key.type) {
    case "ec":
      return wrap(crypto.generateKeyPairSync("ec", { namedCurve: key.curve }));
    case "rsa":
      return wrap(crypto.generateKeyPairSync("rsa", { modulusLength: key.modulusBits as number }));
    case "ed25519":
      return wrap(crypto.generateKeyPairSync("ed25519"));
  }
}

/**
 * Reads a private key in PKCS#8 (RFC 5958), plain or encrypted (`decryptPkcs8`).
 *
 * Checks that the private and the public half belong together, by a signature.
 *
 * @param passphrase its bytes as typed; ignored where the key is not encrypted.
 * @throws FormatError `missing-field` where the key is encrypted and no passphrase is given;
 *   `malformed` where it is wrong, or the halves differ; as `decryptPkcs8`; `unsupported` for other
 *   key types and for RSA sizes outside 2048–8192 bits.
 */
export function privateKeyFromPkcs8(der: Uint8Array, passphrase?: Uint8Array): PrivateKey {
  if (!isEncryptedPkcs8(der)) return importKey(readPkcs8(der));
  if (!passphrase) throw refused("missing-field", "the key is encrypted: a passphrase is needed");
  const decrypted = decryptPkcs8(der, passphrase);
  if (!decrypted) throw refused("malformed", "the passphrase is wrong, or the file damaged");
  try {
    return importKey(readPkcs8(decrypted));
  } finally {
    wipe(decrypted);
  }
}

/**
 * A signer of certificates, timestamps and log entries with a key in memory.
 * @param algorithm Default: that of the key (`defaultAlgorithm`).
 * @throws FormatError `unsupported` where the two do not go together
 */
export function messageSigner(key: PrivateKey, algorithm?: Algorithm): MessageSigner {
  const { publicKey } = key;
  const chosen = algorithm ?? defaultAlgorithm(publicKey);
  if (!algorithmFits(chosen, publicKey)) {
    throw unsupported(`${chosen.name} with a key of type ${describe(publicKey)}`);
  }
  const sign = (message: Uint8Array): Promise<Uint8Array> => key.signInPool(chosen.scheme, message);
  return { publicKey, algorithm: chosen, sign };
}

const keyTypes: Readonly<Record<SignatureScheme["kind"], PublicKey["type"]>> = {
  ecdsa: "ec",
  "rsa-pkcs1v15": "rsa",
  "rsa-pss": "rsa",
  ed25519: "ed25519",
  ed25519ph: "ed25519",
};

class NodePrivateKey implements PrivateKey {
  readonly publicKey: PublicKey;
  readonly #key: crypto.KeyObject;

  constructor(key: crypto.KeyObject, publicKey: PublicKey) {
    this.#key = key;
    this.publicKey = publicKey;
  }

  sign(scheme: SignatureScheme, message: Uint8Array): Uint8Array {
    this.#check(scheme);
    if (scheme.kind === "ed25519") return plain(crypto.sign(null, message, this.#key));
    if (scheme.kind === "ed25519ph") return this.signDigest(scheme, hash("sha512", message));
    return plain(crypto.sign(scheme.hash, message, this.#options(scheme)));
  }

  async signInPool(scheme: SignatureScheme, message: Uint8Array): Promise<Uint8Array> {
    this.#check(scheme);
    // OpenSSL as Node has it knows no prehashed Ed25519: it is done in JavaScript, at once.
    if (scheme.kind === "ed25519ph") return this.sign(scheme, message);
    const hash = scheme.kind === "ed25519" ? null : scheme.hash;
    return new Promise((resolve, reject) => {
      crypto.sign(hash, message, this.#options(scheme), (error, signature) => {
        if (error) reject(error);
        else resolve(plain(signature));
      });
    });
  }

  startSignature(scheme: SignatureScheme): SignatureStream {
    this.#check(scheme);
    if (scheme.kind === "ed25519") {
      throw unsupported("pure Ed25519 reads its message twice and cannot be signed as it passes");
    }
    if (scheme.kind === "ed25519ph") {
      const hasher = createHasher("sha512");
      return {
        update: (chunk) => hasher.update(chunk),
        finish: () => this.signDigest(scheme, hasher.digest()),
      };
    }
    const signer = crypto.createSign(scheme.hash);
    return {
      update: (chunk) => void signer.update(chunk),
      finish: () => plain(signer.sign(this.#options(scheme))),
    };
  }

  signDigest(scheme: SignatureScheme, digest: Uint8Array): Uint8Array {
    this.#check(scheme);
    if (scheme.kind === "ed25519") throw unsupported("Ed25519 needs the message, not its digest");
    const name = scheme.kind === "ed25519ph" ? "sha512" : scheme.hash;
    if (digest.length !== hashSizes[name]) {
      throw new FormatError("out-of-range", "signature", "", `a digest of ${digest.length} bytes`);
    }
    switch (scheme.kind) {
      case "ecdsa":
        return this.#signEcdsaDigest(digest);
      case "rsa-pkcs1v15": {
        const padding = crypto.constants.RSA_PKCS1_PADDING;
        const info = digestInfo(name, digest);
        return plain(crypto.privateEncrypt({ key: this.#key, padding }, info));
      }
      case "rsa-pss":
        return this.#signPssDigest(name, digest);
      case "ed25519ph": {
        const pkcs8 = this.toPkcs8();
        const signature = signEd25519ph(pkcs8.slice(-32), this.publicKey.spki.slice(-32), digest);
        wipe(pkcs8);
        return signature;
      }
    }
  }

  toPkcs8(): Uint8Array {
    const exported = this.#key.export({ format: "der", type: "pkcs8" });
    const copy = Uint8Array.from(exported);
    wipe(exported);
    return copy;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `PrivateKey(${describe(this.publicKey)})`;
  }

  toJSON(): string {
    return `PrivateKey(${describe(this.publicKey)})`;
  }

  #check(scheme: SignatureScheme): void {
    if (keyTypes[scheme.kind] !== this.publicKey.type) {
      throw unsupported(`${scheme.kind} with a key of type ${this.publicKey.type}`);
    }
  }

  /** The key alone where it needs nothing beside: Node takes an object apart at length. */
  #options(scheme: SignatureScheme): crypto.KeyObject | crypto.SignKeyObjectInput {
    if (scheme.kind !== "rsa-pss") return this.#key;
    const { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = crypto.constants;
    return { key: this.#key, padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_DIGEST };
  }

  #signEcdsaDigest(digest: Uint8Array): Uint8Array {
    const native = opensslSignDigest();
    if (!native) throw unsupported("ECDSA over a digest needs OpenSSL through the package koffi");
    const pkcs8 = this.toPkcs8();
    try {
      return native(pkcs8, digest);
    } finally {
      wipe(pkcs8);
    }
  }

  #signPssDigest(name: HashName, digest: Uint8Array): Uint8Array {
    const key = this.publicKey as PublicKey & { type: "rsa" };
    const encoded = encodePss(name, digest, randomBytes(hashSizes[name]), key.modulusBits - 1);
    const block = new Uint8Array(key.modulus.length);
    block.set(encoded, block.length - encoded.length);
    const padding = crypto.constants.RSA_NO_PADDING;
    return plain(crypto.privateEncrypt({ key: this.#key, padding }, block));
  }
}

function wrap({ privateKey }: { privateKey: crypto.KeyObject }): PrivateKey {
  return new NodePrivateKey(privateKey, publicHalf(privateKey));
}

function importKey(material: KeyMaterial): PrivateKey {
  let native = importNative(material);
  if (material.type === "ec" && !material.point) {
    // OpenSSL leaves the point out again on export; other tools expect it there.
    const half = publicHalf(native) as PublicKey & { type: "ec" };
    native = importNative({ ...material, point: half.point });
  }
  const key = wrap({ privateKey: native });
  const { publicKey } = key;
  const stated = material.type === "ed25519" ? material.raw : undefined;
  const scheme = probes[publicKey.type];
  if (
    (stated && publicKey.type === "ed25519" && !bytesEqual(stated, publicKey.raw)) ||
    !verifySignature(publicKey, scheme, PROBE, trySign(key, scheme))
  ) {
    throw refused("malformed", "the private and the public half do not belong together");
  }
  return key;
}

const PROBE = new TextEncoder().encode("pairwise consistency");
const probes: Readonly<Record<PublicKey["type"], SignatureScheme>> = {
  ec: { kind: "ecdsa", hash: "sha256" },
  rsa: { kind: "rsa-pkcs1v15", hash: "sha256" },
  ed25519: { kind: "ed25519" },
};

function trySign(key: PrivateKey, scheme: SignatureScheme): Uint8Array {
  try {
    return key.sign(scheme, PROBE);
  } catch {
    return new Uint8Array(0); // OpenSSL found numbers that no key has, and may quote them
  }
}

function importNative(material: KeyMaterial): crypto.KeyObject {
  const der = writePkcs8(material);
  try {
    const input = { key: der, format: "der", type: "pkcs8" } as crypto.PrivateKeyInput;
    return crypto.createPrivateKey(input);
  } catch {
    throw refused("malformed", "numbers that no key has"); // OpenSSL's own words are not passed on
  } finally {
    wipe(der);
  }
}

function publicHalf(key: crypto.KeyObject): PublicKey {
  const spki = crypto.createPublicKey(key).export({ format: "der", type: "spki" });
  return decodeSpki(plain(spki));
}

function describe(key: PublicKey): string {
  if (key.type === "ec") return key.curve;
  return key.type === "rsa" ? `RSA ${key.modulusBits}` : "Ed25519";
}

function refused(code: "malformed" | "missing-field", problem: string): FormatError {
  return new FormatError(code, "private key", "", problem);
}

function unsupported(problem: string): FormatError {
  return new FormatError("unsupported", "signature", "", problem);
}
