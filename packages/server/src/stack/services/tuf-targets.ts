// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, encodeHex } from "@chancery/formats/bytes";
import { encodePublicKeyPem, sha256 } from "@chancery/formats/crypto";
import type { JsonObject } from "@chancery/formats/json";
import {
  type CertificateAuthority,
  encodeSigningConfig,
  type SigningConfig,
  type TransparencyLog,
  type TrustedRoot,
} from "@chancery/formats/trust";
import { encodeCertificatePem } from "@chancery/formats/x509";
import type { TufTarget } from "../../tuf/index.ts";
import type { Trust } from "../trust.ts";

export const trustedRootTarget = "trusted_root.json";

/**
 * What each family of clients looks up: `trusted_root.json` all; `signing_config.v0.2.json`
 * cosign 3, sigstore-go and sigstore-python, which needs it to verify, too; the signing config of
 * Rekor v2 alone cosign's `--with-default-rekor-v2`; and keys and certificates in PEM, with
 * `custom.sigstore` to say what for, clients from before there were trusted roots (cosign 1 and 2).
 */
export function tufTargets({ files, root, services }: Trust): ReadonlyMap<string, TufTarget> {
  const targets = new Map<string, TufTarget>([
    [trustedRootTarget, { text: files.trustedRoot }],
    ["signing_config.v0.2.json", { text: files.signingConfig }],
  ]);
  const v2 = onlyRekorV2(services);
  if (v2) targets.set("signing_config_rekor_v2.v0.2.json", { text: encodeSigningConfig(v2) });
  for (const { name, usage, uri, isOver, text } of pemTargets(root)) {
    const status = isOver ? "Expired" : "Active";
    const sigstore: JsonObject = { usage, status, ...(uri !== "" && { uri }) };
    targets.set(name, { text, custom: { sigstore } });
  }
  return targets;
}

/** Undefined where there is no Rekor v2. */
function onlyRekorV2(services: SigningConfig): SigningConfig | undefined {
  const rekorTlogUrls = services.rekorTlogUrls.filter(
    ({ majorApiVersion }) => majorApiVersion === 2,
  );
  return rekorTlogUrls.length === 0 ? undefined : { ...services, rekorTlogUrls };
}

interface PemTarget {
  readonly name: string;
  /** As the clients of that time spell it. */
  readonly usage: "Fulcio" | "Rekor" | "CTFE" | "TSA";
  readonly uri: string;
  /** Whether it verifies only what was made before. */
  readonly isOver: boolean;
  readonly text: string;
}

function pemTargets(root: TrustedRoot): readonly PemTarget[] {
  const isCurrent = ({ validFor }: CertificateAuthority): boolean => validFor.end === undefined;
  const [tsa] = root.timestampAuthorities.filter(isCurrent);
  return [
    ...root.certificateAuthorities.map((authority, i) => ({
      name: `fulcio${ordinal(i)}.crt.pem`,
      usage: "Fulcio" as const,
      uri: authority.uri,
      isOver: !isCurrent(authority),
      text: authority.certificates.map(encodeCertificatePem).join(""),
    })),
    // They know a log by the hash of its key alone, so not those of Rekor v2.
    ...root.tlogs.filter(isKnownByKey).map((log, i) => keyTarget("rekor", "Rekor", log, i)),
    ...root.ctlogs.filter(isKnownByKey).map((log, i) => keyTarget("ctfe", "CTFE", log, i)),
    // They take one chain, in files of one certificate.
    ...(tsa ? tsaTargets(tsa) : []),
  ];
}

function isKnownByKey({ logId, publicKey }: TransparencyLog): boolean {
  return bytesEqual(logId, sha256(publicKey.spki));
}

function keyTarget(
  name: string,
  usage: "Rekor" | "CTFE",
  { baseUrl, publicKey, validFor }: TransparencyLog,
  index: number,
): PemTarget {
  const text = encodePublicKeyPem(publicKey);
  const isOver = validFor.end !== undefined;
  return { name: `${name}${ordinal(index)}.pub`, usage, uri: baseUrl, isOver, text };
}

function tsaTargets({ certificates, uri }: CertificateAuthority): readonly PemTarget[] {
  const last = certificates.length - 1;
  return certificates.map((certificate, i) => {
    const place = i === 0 ? "leaf" : i === last ? "root" : `intermediate_${i - 1}`;
    const text = encodeCertificatePem(certificate);
    return { name: `tsa_${place}.crt.pem`, usage: "TSA", uri, isOver: false, text };
  });
}

/** Nothing for the first, which old clients ask for by its name. */
function ordinal(index: number): string {
  return index === 0 ? "" : `_${index + 1}`;
}

/** What identifies each instance that a root trusts, whatever its URL and validity say. */
export function instancesOf(root: TrustedRoot): ReadonlyMap<string, string> {
  const logs = [...root.tlogs, ...root.ctlogs].map(
    ({ logId, baseUrl }) => [encodeHex(logId), baseUrl] as const,
  );
  const authorities = [...root.certificateAuthorities, ...root.timestampAuthorities].map(
    ({ certificates: [first], uri }) => [first ? encodeHex(sha256(first.der)) : "", uri] as const,
  );
  return new Map([...logs, ...authorities]);
}
