// SPDX-License-Identifier: Apache-2.0
import { bytesEqual } from "../bytes/index.ts";
import { FormatError } from "../errors/index.ts";
import type { Certificate } from "./certificate.ts";
import { authorityKeyIdentifier, subjectKeyIdentifier } from "./extensions.ts";
import {
  assessIssuers,
  assessLeaf,
  type CertificateUsage,
  checkIssued,
  pathLengthMax,
} from "./issuers.ts";
import { PathError } from "./path-error.ts";

/** Signatures checked in the search for one path; above, a candidate list is an attack. */
export const pathAttemptsMax = 64;

/** What a path may be built from, and what is asked of it. */
export interface PathOptions {
  /** What may stand between leaf and anchor: not trusted, in any order, with any surplus. */
  readonly intermediates: readonly Certificate[];
  /** Trust anchors: self-signed roots or intermediates that are trusted as they are. */
  readonly roots: readonly Certificate[];
  /** The instant at which every certificate of the path must be valid. */
  readonly time: Date;
  readonly usage: CertificateUsage;
}

/** State of one search. */
interface Search {
  readonly options: PathOptions;
  attempts: number;
  /** The refusal of the path that came furthest, which explains most. */
  failure: { readonly error: PathError; readonly rank: number };
}

/**
 * Finds and checks a path from a leaf to a trust anchor (RFC 5280 §6, with Go's rules: extended key
 * usages nested along the path, certificates of one name told apart by trying them). The rules are
 * those of `prepareIssuers` and `verifyLeaf`, to be preferred where the chain is known and used
 * again. A leaf that is itself among the anchors is not accepted for that.
 *
 * @returns the path, leaf first, anchor last.
 * @throws PathError of the attempt that came furthest; `too-many-candidates` after
 *   {@link pathAttemptsMax} signature checks.
 * @throws RangeError for an invalid Date
 */
export function verifyCertificatePath(leaf: Certificate, options: PathOptions): Certificate[] {
  const unknown = new PathError("unknown-issuer", leaf, "no certificate of its issuer's name", {
    index: 0,
  });
  const search: Search = { options, attempts: 0, failure: { error: unknown, rank: -1 } };
  const path = extend([leaf], search);
  if (path) return path;
  throw search.failure.error;
}

/** Depth-first: the accepted path that begins so, or undefined with the failure noted. */
function extend(path: readonly Certificate[], search: Search): Certificate[] | undefined {
  const last = path[path.length - 1] as Certificate;
  const index = path.length - 1;
  if (path.length >= pathLengthMax) {
    const problem = `a path has at most ${pathLengthMax} certificates`;
    note(search, new PathError("path-length", last, problem, { index }), index);
    return undefined;
  }
  const found = candidates(last, path, search.options);
  if (found.length === 0) {
    const problem = "no certificate of its issuer's name";
    note(search, new PathError("unknown-issuer", last, problem, { index }), index);
  }
  for (const { certificate, anchor } of found) {
    if (++search.attempts > pathAttemptsMax) {
      const problem = `no path after ${pathAttemptsMax} attempts`;
      throw new PathError("too-many-candidates", path[0] as Certificate, problem, { index: 0 });
    }
    const longer = [...path, certificate];
    const accepted = attempt(search, index, () => {
      checkIssued(last, certificate, index);
      return anchor ? assess(longer, search.options) : extend(longer, search);
    });
    if (accepted) return accepted;
  }
  return undefined;
}

/** Everything but names and signatures, which the search has checked. */
function assess(path: readonly Certificate[], options: PathOptions): Certificate[] {
  const [leaf, ...chain] = path;
  return assessLeaf(leaf as Certificate, assessIssuers(chain), options.time, options.usage);
}

function attempt(
  search: Search,
  index: number,
  check: () => Certificate[] | undefined,
): Certificate[] | undefined {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof PathError) || cause.code === "too-many-candidates") throw cause;
    // A path whose signatures all hold explains more than one that broke off on the way there.
    note(search, cause, cause.code === "bad-signature" ? index : pathLengthMax);
    return undefined;
  }
}

/** Keeps the first failure of those that came furthest. */
function note(search: Search, error: PathError, rank: number): void {
  if (rank > search.failure.rank) search.failure = { error, rank };
}

interface Candidate {
  readonly certificate: Certificate;
  readonly anchor: boolean;
}

/**
 * Certificates of the issuer's name, likeliest first: matching key identifiers, then anchors. A
 * name and key that the path already holds would only go round in a circle.
 */
function candidates(
  child: Certificate,
  path: readonly Certificate[],
  { intermediates, roots }: PathOptions,
): Candidate[] {
  const named = (certificate: Certificate): boolean =>
    bytesEqual(certificate.subject, child.issuer) &&
    !path.some((other) => sameSubject(other, certificate));
  const found = [
    ...roots.filter(named).map((certificate) => ({ certificate, anchor: true })),
    ...intermediates.filter(named).map((certificate) => ({ certificate, anchor: false })),
  ];
  if (found.length < 2) return found;
  const wanted = keyIdentifier(() => authorityKeyIdentifier(child)?.keyIdentifier);
  if (!wanted) return found;
  const matches = ({ certificate }: Candidate): boolean => {
    const held = keyIdentifier(() => subjectKeyIdentifier(certificate));
    return held !== undefined && bytesEqual(held, wanted);
  };
  return found.toSorted((a, b) => Number(matches(b)) - Number(matches(a)));
}

function sameSubject(a: Certificate, b: Certificate): boolean {
  return bytesEqual(a.subject, b.subject) && bytesEqual(a.publicKey.spki, b.publicKey.spki);
}

/** Key identifiers only order the candidates: a malformed one is none. */
function keyIdentifier(read: () => Uint8Array | undefined): Uint8Array | undefined {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof FormatError) return undefined;
    throw cause;
  }
}
