// SPDX-License-Identifier: Apache-2.0

/** Why a chain and a key cannot be an authority's. */
export class AuthorityError extends Error {
  override readonly name = "AuthorityError";
}
