// SPDX-License-Identifier: Apache-2.0

/**
 * What makes signatures, apart from what is done with them. Each kind of signer is one file and one
 * line in `registry.ts`. Key files and how keys are named are the key store's.
 */
export { keySigner, oneTimeSigner } from "./key-signer.ts";
export { MeasuredMessage, type MessageSource, type MessageStream } from "./message.ts";
export { openSigner, signerKinds } from "./registry.ts";
export type { Signer, SignerContext, SignerKind } from "./signer.ts";
