// SPDX-License-Identifier: Apache-2.0

/**
 * Certificate Transparency (RFC 6962, C2SP static-ct-api): timestamps, what logs sign and hash, and
 * the entries of data tiles. Verifiers use `verifySct`; logs sign with a `CtLogSigner` what they
 * append with `encodeMerkleTreeLeaf` or `encodeTileLeaf`. Which log a timestamp is from, whether
 * that log is trusted, and what a log accepts are the caller's questions.
 */
export {
  decodeLeafIndex,
  encodeExtraData,
  encodeLeafIndex,
  encodeMerkleTreeLeaf,
  encodeTileLeaf,
  leafIndexMax,
  readTileLeaf,
  type TileLeaf,
  tileLeafIssuersMax,
} from "./log-entry.ts";
export {
  decodeSct,
  decodeSctList,
  encodeDigitallySigned,
  encodeSct,
  encodeSctList,
  type Sct,
  type SctEntry,
  type SctList,
  sctScheme,
  sctSignedData,
  sctsMax,
  type UnknownSct,
  verifySct,
} from "./sct.ts";
export { CtLogSigner, type CtTreeHead, treeHeadSignedData } from "./sign.ts";
