// SPDX-License-Identifier: Apache-2.0
import { encodeHex } from "@chancery/formats/bytes";
import {
  type CertificateAuthority,
  periodContains,
  type TransparencyLog,
  type TrustedRoot,
} from "@chancery/formats/trust";
import {
  type Certificate,
  checkIssued,
  PathError,
  prepareIssuers,
  type PreparedIssuers,
} from "@chancery/formats/x509";

/**
 * A trusted root made ready for many verifications: logs by id, and authorities with the signatures
 * of their own chains checked once.
 */
export interface TrustMaterial {
  readonly root: TrustedRoot;
  readonly tlogs: ReadonlyMap<string, readonly TransparencyLog[]>;
  readonly ctlogs: ReadonlyMap<string, readonly TransparencyLog[]>;
  readonly certificateAuthorities: readonly PreparedAuthority[];
  readonly timestampAuthorities: readonly PreparedAuthority[];
  /** Authorities whose own chain does not hold, and why: nothing they issued verifies. */
  readonly unusable: readonly string[];
}

export interface PreparedAuthority {
  readonly authority: CertificateAuthority;
  /**
   * Certificates that issue the leaf: all of a CA's chain, all but the leaf of a TSA's. Names and
   * signatures hold, the TSA leaf's too.
   */
  readonly issuers: PreparedIssuers;
}

const prepared = new WeakMap<TrustedRoot, TrustMaterial>();

/**
 * The material of a trusted root, prepared once for each root object. An authority whose own chain
 * does not hold is set apart, so that the others of the root stay usable.
 */
export function trustMaterial(root: TrustedRoot): TrustMaterial {
  let found = prepared.get(root);
  if (found === undefined) {
    const unusable: string[] = [];
    found = {
      root,
      unusable,
      tlogs: byId(root.tlogs),
      ctlogs: byId(root.ctlogs),
      certificateAuthorities: prepareAuthorities(root.certificateAuthorities, 0, unusable),
      timestampAuthorities: prepareAuthorities(root.timestampAuthorities, 1, unusable),
    };
    prepared.set(root, found);
  }
  return found;
}

/** Every log of the trusted root with the id: one may be listed with several periods. */
export function logsById(
  logs: ReadonlyMap<string, readonly TransparencyLog[]>,
  id: Uint8Array,
): readonly TransparencyLog[] {
  return logs.get(encodeHex(id)) ?? [];
}

/**
 * Who stands behind a log, for thresholds: what one operator runs counts once, however many keys
 * and shards it has. Without an operator's name the base URL stands for one.
 */
export function logOperator({ operator, baseUrl }: TransparencyLog): string {
  return operator || baseUrl;
}

/** As {@link logOperator} for an authority. */
export function authorityOperator({ operator, uri, commonName }: CertificateAuthority): string {
  return operator || uri || commonName;
}

/** Whether the log's key was in use at the time, both ends inclusive. */
export function inUse(
  item: { readonly validFor: TransparencyLog["validFor"] },
  time: Date,
): boolean {
  return periodContains(item.validFor, time);
}

function byId(logs: readonly TransparencyLog[]): Map<string, TransparencyLog[]> {
  const map = new Map<string, TransparencyLog[]>();
  for (const log of logs) {
    const id = encodeHex(log.logId);
    map.set(id, [...(map.get(id) ?? []), log]);
  }
  return map;
}

function prepareAuthorities(
  authorities: readonly CertificateAuthority[],
  leaves: 0 | 1,
  unusable: string[],
): PreparedAuthority[] {
  return authorities.flatMap((authority) => {
    const name = authority.uri || authority.commonName;
    const chain = authority.certificates.slice(leaves);
    if (chain.length === 0) {
      unusable.push(`${name}: the chain ends with the authority's own certificate`);
      return [];
    }
    try {
      const issuers = prepareIssuers(chain);
      for (const leaf of authority.certificates.slice(0, leaves)) {
        checkIssued(leaf, chain[0] as Certificate, 0);
      }
      return [{ authority, issuers }];
    } catch (cause) {
      if (!(cause instanceof PathError)) throw cause;
      unusable.push(`${name}: ${cause.message}`);
      return [];
    }
  });
}
