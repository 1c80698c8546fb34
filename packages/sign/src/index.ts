// SPDX-License-Identifier: Apache-2.0

/**
 * Key or identity to signature to Sigstore bundle.
 *
 *     import { encodeBundle } from "@chancery/formats/bundle";
 *     import { openSigner, sign } from "@chancery/sign";
 *
 *     const password = async () => new TextEncoder().encode(process.env.COSIGN_PASSWORD);
 *     const signer = await openSigner("cosign.key", { environment: process.env, password });
 *     const open = () => createReadStream("release.tar.gz");
 *     const { bundle } = await sign({ artifact: { open }, signer });
 *     await writeFile("release.tar.gz.sigstore.json", encodeBundle(bundle));
 *
 * `sign` is for artifacts, `attest` for in-toto Statements, which `buildStatement` makes from
 * predicate files. A `Signer` is a key and a way of signing; `openSigner` opens the one that a
 * reference names. Key files are read and written in the forms of cosign, OpenSSL and OpenSSH.
 *
 * A signer whose key an authority certified for an identity (`certify` of `@chancery/sign/fulcio`)
 * makes bundles that hold the certificate. `oneTimeSigner` is the key to have certified where there
 * is no other.
 *
 * With `logging` the signature is entered into the transparency logs that `openLog` or `selectLogs`
 * of `@chancery/sign/rekor` give, and the bundle holds the proofs; with `timestampServices`
 * (`@chancery/sign/timestamp`) its time is attested. Without either nothing is contacted.
 *
 * Out of scope: verifying (`@chancery/verify`), and where images keep their signatures.
 */
export type { Logging, Vouching } from "./vouch.ts";
export { SignError, type SignErrorCode } from "./errors.ts";
export {
  checkKeyAllowed,
  keyFileBytesMax,
  type PasswordProvider,
  readPrivateKey,
  readPublicKey,
  writeCosignKey,
} from "./key-file/index.ts";
export {
  type KeyReferenceContext,
  type KeyReferenceScheme,
  keyReferenceSchemes,
  loadPrivateKey,
  loadPrivateKeyFile,
  loadPublicKey,
  loadPublicKeyFile,
  type SaveOptions,
  savePrivateKey,
  savePublicKey,
} from "./key-store/index.ts";
export { type HttpLimits, type HttpOptions } from "./http/index.ts";
export {
  decodePendingEntry,
  encodePendingEntry,
  type PendingEntry,
  pendingEntryMediaType,
} from "./pending.ts";
export type { LoggableSignature, SignatureLog } from "./rekor/index.ts";
export {
  attest,
  type AttestInput,
  checkTimeSource,
  keyHint,
  sign,
  type SignedArtifact,
  type SignedStatement,
  type SignInput,
} from "./sign.ts";
export {
  keySigner,
  type MessageSource,
  type MessageStream,
  oneTimeSigner,
  openSigner,
  type Signer,
  type SignerContext,
  type SignerKind,
  signerKinds,
} from "./signer/index.ts";
export {
  buildStatement,
  predicateKind,
  type PredicateKind,
  predicateKinds,
  type StatementInput,
} from "./statement/index.ts";
