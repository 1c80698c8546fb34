// SPDX-License-Identifier: Apache-2.0

declare module "bcrypt-pbkdf" {
  const module: {
    /** OpenBSD's bcrypt_pbkdf into `key`. @returns -1 where a length or the rounds are refused. */
    pbkdf(
      password: Uint8Array,
      passwordLength: number,
      salt: Uint8Array,
      saltLength: number,
      key: Uint8Array,
      keyLength: number,
      rounds: number,
    ): 0 | -1 | undefined;
  };
  export default module;
}
