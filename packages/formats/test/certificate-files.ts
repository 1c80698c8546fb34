// SPDX-License-Identifier: Apache-2.0
// Certificates for tests from files: chains that OpenSSL made (`x509/make.sh`) and public bundles.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Certificate, decodeCertificate, decodeCertificatesPem } from "../src/x509/index.ts";

/** A chain beside `x509/make.sh`, leaf first. */
export function chainFile(name: string): Certificate[] {
  return decodeCertificatesPem(chainText(name));
}

/** The PEM text of such a chain. */
export function chainText(name: string): string {
  return readFileSync(new URL(`x509/${name}.pem`, import.meta.url), "utf8");
}

interface BundleJson {
  verificationMaterial?: {
    certificate?: { rawBytes: string };
    x509CertificateChain?: { certificates: { rawBytes: string }[] };
  };
}

interface RootJson {
  certificateAuthorities: { certChain: { certificates: { rawBytes: string }[] } }[];
  timestampAuthorities?: { certChain: { certificates: { rawBytes: string }[] } }[];
  ctlogs: { publicKey: { rawBytes: string }; logId: { keyId: string } }[];
}

/** What a trusted root says about certificates, in the order of the file. */
export interface TrustChains {
  readonly authorities: readonly Certificate[][];
  readonly timestampAuthorities: readonly Certificate[][];
  /** SPKI of each CT log with its log id. */
  readonly ctLogs: readonly { readonly spki: Uint8Array; readonly logId: Uint8Array }[];
}

/** Reads the chains of a `trusted_root.json`. */
export function trustChains(file: string): TrustChains {
  const json = JSON.parse(readFileSync(file, "utf8")) as RootJson;
  const chain = (authority: RootJson["certificateAuthorities"][number]): Certificate[] =>
    authority.certChain.certificates.map(({ rawBytes }) => decodeCertificate(bytes(rawBytes)));
  return {
    authorities: json.certificateAuthorities.map(chain),
    timestampAuthorities: (json.timestampAuthorities ?? []).map(chain),
    ctLogs: json.ctlogs.map(({ publicKey, logId }) => ({
      spki: bytes(publicKey.rawBytes),
      logId: bytes(logId.keyId),
    })),
  };
}

/** The certificate of the signer of each conformance case whose bundle is JSON and has one. */
export function conformanceLeaves(
  directory: string,
): { name: string; leaf: Uint8Array; trustedRoot: string | undefined }[] {
  return readdirSync(directory).flatMap((name) => {
    const file = join(directory, name, "bundle.sigstore.json");
    const trustedRoot = join(directory, name, "trusted_root.json");
    const leaf = existsSync(file) ? leafOf(readFileSync(file, "utf8")) : undefined;
    if (leaf === undefined) return [];
    return { name, leaf, trustedRoot: existsSync(trustedRoot) ? trustedRoot : undefined };
  });
}

function leafOf(text: string): Uint8Array | undefined {
  let material: BundleJson["verificationMaterial"];
  try {
    material = (JSON.parse(text) as BundleJson).verificationMaterial;
  } catch {
    return undefined; // one case is a cut file on purpose
  }
  const found = material?.certificate ?? material?.x509CertificateChain?.certificates[0];
  return found && bytes(found.rawBytes);
}

function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}
