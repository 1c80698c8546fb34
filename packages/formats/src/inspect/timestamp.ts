// SPDX-License-Identifier: Apache-2.0
import { decodeTimestampResponse } from "../tsp/index.ts";
import { nameToString } from "../x509/index.ts";
import type { Names } from "./names.ts";
import type { Problems } from "./problems.ts";

/** What a timestamp says. */
export interface TimestampInspection {
  readonly status: string;
  readonly time?: Date;
  /** Hash function by name, or by object identifier where it is not known here. */
  readonly hash?: string;
  readonly imprint?: Uint8Array;
  readonly policy?: string;
  readonly serialNumber?: bigint;
  /** Issuer of the authority's certificate, as text, where the token names it. */
  readonly issuerName?: string;
  /** The authority of that certificate in the trusted root. */
  readonly authority?: string | null;
  readonly certificateCount?: number;
}

export function inspectTimestamp(
  der: Uint8Array,
  place: string,
  problems: Problems,
  names: Names,
): TimestampInspection | undefined {
  return problems.attempt(place, () => {
    const { status, token } = decodeTimestampResponse(der);
    if (!token) return { status };
    const { signer, imprint } = token;
    const authority = names.timestampAuthority(signer);
    return {
      status,
      time: token.genTime,
      hash: imprint.hash ?? imprint.algorithm,
      imprint: imprint.digest,
      policy: token.policy,
      serialNumber: token.serialNumber,
      ...(signer.kind === "issuer-and-serial" ? { issuerName: nameToString(signer.issuer) } : {}),
      ...(authority === undefined ? {} : { authority }),
      certificateCount: token.certificates.length,
    };
  });
}
