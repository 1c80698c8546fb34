// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "../errors/index.ts";
import { type Bundle, bundleMediaType, type LogEntry } from "./bundle.ts";

/** A bundle of version 0.3 and what an older one held beside it. */
export interface UpgradedBundle {
  readonly bundle: Bundle;
  /** DER of the chain's certificates after the leaf, which version 0.3 has no room for. */
  readonly dropped: readonly Uint8Array[];
}

/**
 * The same bundle in version 0.3. The leaf stands alone; all that logs and authorities have signed
 * stays. Verifiers build the path from their trusted root, so that what verified before does still;
 * a bundle whose log entries have nothing but a promise cannot be one of version 0.3.
 *
 * Verifies nothing. One that is of version 0.3 comes back as it is.
 *
 * @throws FormatError `missing-field` with the JSON path of the proof or checkpoint.
 */
export function upgradeBundle(bundle: Bundle): UpgradedBundle {
  if (bundle.version === "0.3") return { bundle, dropped: [] };
  for (const [i, entry] of bundle.tlogEntries.entries()) {
    const missing = missingProof(entry);
    if (missing !== undefined) {
      throw new FormatError(
        "missing-field",
        "bundle",
        `verificationMaterial.tlogEntries[${i}].${missing}`,
        "version 0.3 demands a proof of inclusion with its checkpoint",
      );
    }
  }
  const { keyMaterial } = bundle;
  const upgraded = { ...bundle, mediaType: bundleMediaType, version: "0.3" } as const;
  if (keyMaterial.kind !== "chain") return { bundle: upgraded, dropped: [] };
  const [leaf, ...dropped] = keyMaterial.certificates;
  if (leaf === undefined) {
    const place = "verificationMaterial.x509CertificateChain.certificates";
    throw new FormatError("missing-field", "bundle", place, "the chain holds no certificate");
  }
  return {
    bundle: { ...upgraded, keyMaterial: { kind: "certificate", certificate: leaf } },
    dropped,
  };
}

/** The field, relative to the entry, that versions from 0.2 demand and the entry lacks. */
export function missingProof(entry: LogEntry): string | undefined {
  if (!entry.inclusionProof) return "inclusionProof";
  return entry.inclusionProof.checkpoint === undefined ? "inclusionProof.checkpoint" : undefined;
}
