// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "../bytes/index.ts";
import { der, readDer, Tag } from "../der/index.ts";
import { FormatError } from "../errors/index.ts";
import type { Certificate } from "./certificate.ts";
import { type NamedExtension, subjectAltNameExtension, textBytes } from "./encode-extensions.ts";
import { type GeneralName, subjectAltNames } from "./extensions.ts";

const FULCIO = "1.3.6.1.4.1.57264.1";

/** How an extension writes its text. */
type Encoding = "raw" | "utf8String";

/**
 * Fulcio's extensions under 1.3.6.1.4.1.57264.1 (`docs/oid-info.md` of Fulcio): last arc, claim,
 * encoding. Claims have the JSON names of sigstore-go's certificate summary, and are stable. Arc 7
 * is no extension but the type of an otherName: see {@link signerIdentity}.
 */
const rows = [
  [1, "issuerV1", "raw"],
  [2, "githubWorkflowTrigger", "raw"],
  [3, "githubWorkflowSHA", "raw"],
  [4, "githubWorkflowName", "raw"],
  [5, "githubWorkflowRepository", "raw"],
  [6, "githubWorkflowRef", "raw"],
  [8, "issuer", "utf8String"],
  [9, "buildSignerURI", "utf8String"],
  [10, "buildSignerDigest", "utf8String"],
  [11, "runnerEnvironment", "utf8String"],
  [12, "sourceRepositoryURI", "utf8String"],
  [13, "sourceRepositoryDigest", "utf8String"],
  [14, "sourceRepositoryRef", "utf8String"],
  [15, "sourceRepositoryIdentifier", "utf8String"],
  [16, "sourceRepositoryOwnerURI", "utf8String"],
  [17, "sourceRepositoryOwnerIdentifier", "utf8String"],
  [18, "buildConfigURI", "utf8String"],
  [19, "buildConfigDigest", "utf8String"],
  [20, "buildTrigger", "utf8String"],
  [21, "runInvocationURI", "utf8String"],
  [22, "sourceRepositoryVisibilityAtSigning", "utf8String"],
  [23, "deploymentEnvironment", "utf8String"],
  [24, "tokenSubject", "utf8String"],
] as const;

/** Stable name of a Fulcio extension. */
export type FulcioClaimName = (typeof rows)[number][1];

export interface FulcioExtension {
  readonly oid: string;
  readonly name: FulcioClaimName;
  /** `raw`: the text is the extension value itself; `utf8String`: a DER UTF8String in it. */
  readonly encoding: Encoding;
}

/** Every known extension, by ascending object identifier: the order in which Fulcio writes them. */
export const fulcioExtensions: readonly FulcioExtension[] = rows.map(([arc, name, encoding]) => ({
  oid: `${FULCIO}.${arc}`,
  name,
  encoding,
}));

/** Type of the otherName that holds `user!domain` identities. */
export const fulcioOtherName: string = `${FULCIO}.7`;

export interface FulcioClaims {
  /** Who vouched for the identity; undefined where the certificate does not say. */
  readonly issuer: string | undefined;
  /** What the certificate says, by name; `issuer` and `issuerV1` are among them as written. */
  readonly claims: Readonly<Partial<Record<FulcioClaimName, string>>>;
}

/** Whom a certificate was issued to. */
export interface SignerIdentity {
  readonly kind: "email" | "uri" | "otherName";
  readonly value: string;
}

/**
 * The claims that Fulcio wrote into a certificate. Extensions of Fulcio's arc that are not in
 * {@link fulcioExtensions} are passed over, as a newer Fulcio may write more.
 *
 * @throws FormatError `conflicting-fields` where the two issuer extensions differ; `malformed-utf8`
 *   and the DER codes for a value that is no text.
 */
export function fulcioClaims(certificate: Certificate): FulcioClaims {
  const claims: Partial<Record<FulcioClaimName, string>> = {};
  for (const { oid, name, encoding } of fulcioExtensions) {
    const value = certificate.extensions.get(oid)?.value;
    if (value) claims[name] = encoding === "raw" ? decodeUtf8(value, name) : utf8(value, name);
  }
  const { issuer, issuerV1 } = claims;
  if (issuer !== undefined && issuerV1 !== undefined && issuer !== issuerV1) {
    throw new FormatError(
      "conflicting-fields",
      "certificate",
      "issuer",
      `extension ${FULCIO}.8 says ${JSON.stringify(issuer)}, .1 ${JSON.stringify(issuerV1)}`,
    );
  }
  return { issuer: issuer ?? issuerV1, claims };
}

/**
 * The one subject alternative name that says who signed: an e-mail address, a URI or Fulcio's
 * otherName. Does not say whether the certificate is to be believed.
 *
 * @throws FormatError `missing-field` without a name or with an empty one; `conflicting-fields` for
 *   several; `unsupported` for names of another kind; the DER codes.
 */
export function signerIdentity(certificate: Certificate): SignerIdentity {
  const [name, ...others] = subjectAltNames(certificate) ?? [];
  if (!name) throw identityError("missing-field", "no subject alternative name");
  if (others.length > 0) {
    throw identityError("conflicting-fields", `${others.length + 1} subject alternative names`);
  }
  const identity = readIdentity(name);
  if (identity.value === "") throw identityError("missing-field", `an empty ${identity.kind}`);
  return identity;
}

/**
 * The extension that says who signed: one subject alternative name, critical, as the subject of
 * Fulcio's leaves is empty.
 * @throws FormatError `missing-field` | `malformed` | `too-large` as `encodeGeneralName`: e-mail
 *   addresses and URIs are ASCII
 */
export function identityExtension({ kind, value }: SignerIdentity): NamedExtension {
  if (kind !== "otherName") return subjectAltNameExtension([{ kind, value }], true);
  const name = { kind, oid: fulcioOtherName, value: utf8String(value, kind) };
  return subjectAltNameExtension([name], true);
}

/**
 * Fulcio's extensions for the claims, by ascending object identifier. The issuer is written twice,
 * in the deprecated form too. Claims that are empty are left out, as Fulcio does.
 *
 * @throws FormatError `missing-field` where the issuer is empty; `conflicting-fields` where the
 *   deprecated issuer is given and differs; `malformed` | `too-large` for texts that cannot be
 *   written
 */
export function fulcioClaimExtensions(
  claims: Readonly<Partial<Record<FulcioClaimName, string>>>,
): NamedExtension[] {
  const { issuer } = claims;
  if (issuer === undefined || issuer === "") {
    throw claimError("missing-field", "extensions must have a non-empty issuer url");
  }
  if (claims.issuerV1 !== undefined && claims.issuerV1 !== issuer) {
    throw claimError("conflicting-fields", "the two issuers differ");
  }
  const all = { ...claims, issuerV1: issuer };
  return fulcioExtensions.flatMap(({ oid, name, encoding }) => {
    const text = all[name];
    if (text === undefined || text === "") return [];
    const value = encoding === "raw" ? textBytes(text, name) : utf8String(text, name);
    return [{ oid, critical: false, value }];
  });
}

function readIdentity(name: GeneralName): SignerIdentity {
  if (name.kind === "email" || name.kind === "uri") return { kind: name.kind, value: name.value };
  if (name.kind === "otherName" && name.oid === fulcioOtherName) {
    return { kind: "otherName", value: utf8(name.value, "otherName") };
  }
  const what = name.kind === "otherName" ? `otherName of type ${name.oid}` : name.kind;
  throw identityError("unsupported", `${what} as the signer's identity`);
}

function utf8(value: Uint8Array, place: string): string {
  const content = readDer(value, place, (reader) => reader.element(Tag.utf8String).content);
  return decodeUtf8(content, place);
}

function utf8String(text: string, place: string): Uint8Array {
  return der(Tag.utf8String, textBytes(text, place));
}

function claimError(code: "missing-field" | "conflicting-fields", problem: string): FormatError {
  return new FormatError(code, "certificate", "issuer", problem);
}

function identityError(
  code: "missing-field" | "conflicting-fields" | "unsupported",
  problem: string,
): FormatError {
  return new FormatError(code, "certificate", "subject alternative name", problem);
}
