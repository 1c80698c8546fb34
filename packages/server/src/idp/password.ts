// SPDX-License-Identifier: Apache-2.0
import { utf8Bytes } from "@chancery/formats/bytes";
import { randomBytes, scrypt } from "@chancery/formats/crypto/node";
import { IdpError } from "./errors.ts";
import { equalInConstantTime } from "./secrets.ts";

type ScryptParameters = Parameters<typeof scrypt>[2];

/** Cost of new hashes: 32 MiB and about 0.2 s. Old hashes keep the cost written in them. */
const cost: ScryptParameters = { n: 1 << 15, r: 8, p: 3 };
const [saltSizeBytes, hashSizeBytes] = [16, 32];

/** In characters: fewer are guessed; in bytes: more are not a password. */
const [passwordLengthMin, passwordSizeBytesMax] = [8, 1024];

/** Hashes that are computed at once, and requests that may wait for their turn. */
const [concurrencyMax, waitingMax] = [2, 32];

/** `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, base64 without padding (the PHC string format). */
const hashPattern =
  /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** Hashes a new password, with a salt of its own. @throws IdpError `invalid` */
export async function hashPassword(password: string): Promise<string> {
  const bytes = passwordBytes(password);
  if (password.length < passwordLengthMin) {
    throw new IdpError("invalid", `the password is shorter than ${passwordLengthMin} characters`);
  }
  if (bytes.length > passwordSizeBytesMax) {
    throw new IdpError("invalid", `the password is longer than ${passwordSizeBytesMax} bytes`);
  }
  const salt = randomBytes(saltSizeBytes);
  const { n, r, p } = cost;
  const parameters = `ln=${Math.log2(n)},r=${r},p=${p}`;
  const hash = await scrypt(bytes, salt, cost, hashSizeBytes);
  return `$scrypt$${parameters}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Checks passwords, few at once: each takes memory and time, and anybody can ask for it. */
export class PasswordChecker {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Whether so many wait already that another request is better refused. */
  get busy(): boolean {
    return this.#waiting.length >= waitingMax;
  }

  /**
   * Takes as long for a user that does not exist as for one that does.
   * @param hash as `hashPassword` made it; undefined where there is no such user.
   * @throws IdpError `store` where the stored hash cannot be read
   */
  async check(password: string, hash: string | undefined): Promise<boolean> {
    const bytes = passwordBytes(password);
    const { salt, expected, parameters } = hash === undefined ? nobody : parseHash(hash);
    const isTooLong = bytes.length > passwordSizeBytesMax;
    const given = isTooLong ? bytes.subarray(0, passwordSizeBytesMax) : bytes;
    await this.#enter();
    try {
      const actual = await scrypt(given, salt, parameters, hashSizeBytes);
      const isEqual = equalInConstantTime(actual, expected);
      return isEqual && hash !== undefined && !isTooLong;
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < concurrencyMax) {
      this.#running++;
      return;
    }
    // Who leaves hands its place over.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running--;
  }
}

interface StoredHash {
  readonly salt: Uint8Array;
  readonly expected: Uint8Array;
  readonly parameters: ScryptParameters;
}

const nobody: StoredHash = {
  salt: new Uint8Array(saltSizeBytes),
  expected: new Uint8Array(hashSizeBytes),
  parameters: cost,
};

function parseHash(text: string): StoredHash {
  const [, ln, r, p, salt, hash] = hashPattern.exec(text) ?? [];
  if (salt === undefined || hash === undefined) {
    throw new IdpError("store", "a stored password cannot be read: set a new one");
  }
  return {
    salt: Buffer.from(salt, "base64"),
    expected: Buffer.from(hash, "base64"),
    parameters: { n: 2 ** Number(ln), r: Number(r), p: Number(p) },
  };
}

/** The same characters are the same password however the keyboard composed them. */
function passwordBytes(password: string): Uint8Array {
  return utf8Bytes(password.normalize("NFKC"));
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}
