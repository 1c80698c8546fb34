// SPDX-License-Identifier: Apache-2.0

/**
 * Sigstore bundles v0.1 to v0.3 and cosign's older detached bundle: bytes to values and back.
 * Nothing is verified here.
 */
export {
  type Bundle,
  type BundleContent,
  bundleMediaType,
  type BundleVersion,
  bundleVersionOf,
  type DigestAlgorithm,
  digestAlgorithms,
  type KeyMaterial,
  type LogEntry,
  type LogInclusionProof,
  type MessageDigest,
  type MessageSignature,
} from "./bundle.ts";
export { bundleLimits, decodeBundle, decodeLogEntry } from "./decode.ts";
export { bundleToJson, encodeBundle, logEntryToJson } from "./encode.ts";
export { bundleFromLegacy, type LegacySupplement } from "./from-legacy.ts";
export {
  decodeLegacyBundle,
  encodeLegacyBundle,
  type LegacyBundle,
  type LegacyRekorEntry,
} from "./legacy.ts";
export { missingProof, type UpgradedBundle, upgradeBundle } from "./upgrade.ts";
