// SPDX-License-Identifier: Apache-2.0

/**
 * What tokens say, read strictly: single claims, the texts that names and extensions of
 * certificates are made of, and the templates that make them. Every refusal is a `TokenError`.
 *
 * Claims are taken as they come: that they are true was checked before (`token`).
 */
export {
  checkLength,
  checkPlain,
  claimTexts,
  emailClaim,
  missing,
  optionalClaim,
  requiredClaim,
  requiredClaims,
  requiredObject,
} from "./claims.ts";
export { isEmailAddress, looksLikeEmailAddress } from "./email-address.ts";
export { type JsonPath, parseJsonPath, valueAt } from "./json-path.ts";
export { evaluateTemplate, parseValueTemplate, type ValueTemplate } from "./template.ts";
export { TemplateError } from "./template-parse.ts";
export { shown, TokenError, type TokenErrorCode, tokenErrorText } from "./token-error.ts";
export { isPlainUri, joinUri, normalizeUri, parseUri, type UriParts } from "./uri.ts";
