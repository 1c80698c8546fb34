// SPDX-License-Identifier: Apache-2.0

/** PEM text armour (RFC 7468). */
export { decodePem, decodePemBlock, encodePem, type PemBlock, pemTextLengthMax } from "./pem.ts";
