// SPDX-License-Identifier: Apache-2.0
import { FormatError } from "@chancery/formats/errors";
import {
  decodeCertificatesPem,
  type FulcioClaimName,
  fulcioExtensions,
} from "@chancery/formats/x509";
import {
  type JsonPath,
  parseJsonPath,
  parseUri,
  parseValueTemplate,
  TemplateError,
  type ValueTemplate,
} from "../claims/index.ts";
import {
  type CiProvider,
  findIssuerType,
  type IssuerConfig,
  issuerTypes,
} from "../issuer/index.ts";
import { FulcioConfigError } from "./errors.ts";
import { issuerUrlCharsMax } from "./pattern.ts";
import { type Findings, Section } from "./section.ts";
import type { FulcioConfig } from "./types.ts";

const topSettings = ["oidc-issuers", "meta-issuers", "ci-issuer-metadata"];
const issuerSettings = [
  "issuer-url",
  "client-id",
  "type",
  "ci-provider",
  "issuer-claim",
  "subject-domain",
  "spiffe-trust-domain",
  "challenge-claim",
  "ca-cert",
  "skip-email-verification",
  "description",
  "contact",
  "environment",
  // Not Fulcio's, which passes them over.
  "certificate-lifetime-seconds",
  "certificate-backdate-seconds",
  "certificate-requests",
];
const providerSettings = [
  "default-template-values",
  "extension-templates",
  "subject-alternative-name-template",
];

/** Extensions that templates set, by YAML names: `buildSignerURI` is `build-signer-uri`. */
const extensionsBySetting: ReadonlyMap<string, FulcioClaimName> = new Map(
  fulcioExtensions
    .filter(({ name }) => !["issuerV1", "issuer", "tokenSubject"].includes(name))
    .map(({ name }) => [name.replace(/[A-Z]+/g, (word) => `-${word.toLowerCase()}`), name]),
);
/** Fulcio knows these two, and takes them from the token whatever is written. */
const extensionSettings = [...extensionsBySetting.keys(), "issuer", "subject"];

const issuersMax = 10_000;

/** For how long a leaf may be issued, and how far back it may begin. */
const certificateSeconds = {
  lifetime: { min: 60, max: 86_400 },
  backdate: { min: 0, max: 600 },
} as const;

/**
 * Reads a configuration that is already taken apart, such as one written in code.
 *
 * @param source its name, for errors
 * @throws FulcioConfigError `invalid`, with the path of every setting that is wrong
 */
export function readConfig(value: unknown, source: string): FulcioConfig {
  const findings: Findings = { problems: [], warnings: [] };
  const top = new Section(value, "", topSettings, findings);
  const providers = readProviders(top, findings);
  const readAll = (setting: string, isPattern: boolean): IssuerConfig[] => {
    const entries = top.entries(setting);
    if (entries.length > issuersMax) top.problem(setting, `more than ${issuersMax} issuers`);
    return entries.slice(0, issuersMax).flatMap(([url, inner]) => {
      const path = top.entryPath(setting, url);
      const section = new Section(inner, path, issuerSettings, findings);
      return readIssuer(url, section, { isPattern, providers, findings }) ?? [];
    });
  };
  const issuers = readAll("oidc-issuers", false);
  const metaIssuers = readAll("meta-issuers", true);
  if (findings.problems.length > 0) {
    const message = findings.problems.map((problem) => `${source}: ${problem}`).join("\n");
    throw new FulcioConfigError("invalid", message);
  }
  if (issuers.length + metaIssuers.length === 0) {
    findings.warnings.push("no issuer is configured: every token is refused");
  }
  return {
    issuers: new Map(issuers.map((issuer) => [issuer.url, issuer])),
    metaIssuers,
    warnings: findings.warnings,
  };
}

interface IssuerContext {
  readonly isPattern: boolean;
  readonly providers: ReadonlyMap<string, CiProvider | undefined>;
  readonly findings: Findings;
}

/** @returns undefined where a problem was noted */
function readIssuer(
  url: string,
  section: Section,
  { isPattern, providers, findings }: IssuerContext,
): IssuerConfig | undefined {
  const before = findings.problems.length;
  checkUrl(url, section, isPattern, findings);
  const type = section.text("type");
  const issuerType = findIssuerType(type ?? "");
  const clientId = section.text("client-id");
  if (section.raw("client-id") === undefined)
    section.problem("client-id", "is missing: it is the audience");
  if (!issuerType && (type !== undefined || section.raw("type") === undefined)) {
    const known = issuerTypes.map(({ name }) => name).join(", ");
    section.problem(
      "type",
      `${type === undefined ? "is missing" : `is ${type}`}; it is one of ${known}`,
    );
  }
  const issuer: IssuerConfig = {
    url,
    isPattern,
    clientId: clientId ?? "",
    type: type ?? "",
    ciProvider: readProviderName(section, providers),
    issuerClaim: readIssuerClaim(section, type),
    subjectDomain: section.text("subject-domain"),
    spiffeTrustDomain: section.text("spiffe-trust-domain"),
    challengeClaim: section.text("challenge-claim"),
    caCert: readCaCert(section),
    skipEmailVerification: section.flag("skip-email-verification"),
    description: section.text("description"),
    contact: section.text("contact"),
    environment: section.text("environment"),
    lifetimeSeconds: readSeconds(
      section,
      "certificate-lifetime-seconds",
      certificateSeconds.lifetime,
    ),
    backdateSeconds: readSeconds(
      section,
      "certificate-backdate-seconds",
      certificateSeconds.backdate,
    ),
    certificateRequests: readRequests(section),
  };
  if (findings.problems.length > before) return undefined;
  const wrong = issuerType?.check?.(issuer);
  if (wrong) section.problem(wrong.setting, wrong.problem);
  return wrong ? undefined : issuer;
}

function checkUrl(url: string, section: Section, isPattern: boolean, findings: Findings): void {
  const parts = parseUri(isPattern ? url.replaceAll("*", "wildcard") : url);
  const setting = "issuer-url";
  const given = section.text(setting);
  if (given !== undefined && given !== url && !isPattern) {
    section.problem(setting, `is ${given}, but the issuer stands under ${url}`);
  }
  if (!isPattern && url.includes("*")) {
    section.problem("", "holds a *: patterns belong to meta-issuers");
    return;
  }
  if (!parts?.host || !/^https?$/.test(parts.scheme) || parts.query + parts.fragment !== "") {
    section.problem("", "is no http or https URL with a plain host and without a query");
    return;
  }
  if (url.length > issuerUrlCharsMax) section.problem("", "is too long for an issuer");
  const owner = parts.host.split(".").slice(-2).join(".");
  if (isPattern && owner.includes("wildcard")) {
    findings.warnings.push(`${section.path}: matches hosts of everybody, who then can be anybody`);
  }
  if (parts.scheme === "http" && !/^(?:localhost|127\..*|\[::1\])$/.test(parts.host)) {
    findings.warnings.push(`${section.path}: whoever is between here and there can be anybody`);
  }
}

function readProviderName(
  section: Section,
  providers: ReadonlyMap<string, CiProvider | undefined>,
): CiProvider | undefined {
  const name = section.text("ci-provider");
  if (name === undefined) return undefined;
  if (!providers.has(name)) {
    section.problem("ci-provider", `${JSON.stringify(name)} is not in ci-issuer-metadata`);
  }
  return providers.get(name);
}

function readIssuerClaim(section: Section, type: string | undefined): JsonPath | undefined {
  const setting = "issuer-claim";
  const text = section.text(setting);
  if (text === undefined) return undefined;
  if (type !== "email") section.problem(setting, "only email issuers can use issuer claim mapping");
  const path = parseJsonPath(text);
  if (!path) section.problem(setting, `${JSON.stringify(text)} is no path such as $.a.b`);
  return path;
}

function readCaCert(section: Section): string | undefined {
  const setting = "ca-cert";
  const pem = section.text(setting);
  if (pem === undefined) return undefined;
  try {
    decodeCertificatesPem(pem);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    section.problem(setting, `is no certificate in PEM: ${cause.message}`);
  }
  return pem;
}

function readSeconds(
  section: Section,
  setting: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = section.text(setting);
  if (text === undefined) return undefined;
  const seconds = /^[0-9]{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= min && seconds <= max) return seconds;
  section.problem(setting, `is ${text}; it is a whole number from ${min} to ${max}`);
  return undefined;
}

function readRequests(section: Section): IssuerConfig["certificateRequests"] {
  const setting = "certificate-requests";
  const text = section.text(setting);
  if (text === undefined || text === "named" || text === "bound" || text === "none") return text;
  section.problem(setting, `is ${text}; it is named, bound or none`);
  return undefined;
}

/** Entries with problems are there, as undefined: their names are no further problem. */
function readProviders(top: Section, findings: Findings): Map<string, CiProvider | undefined> {
  const setting = "ci-issuer-metadata";
  const providers = new Map<string, CiProvider | undefined>();
  for (const [name, inner] of top.entries(setting)) {
    const path = top.entryPath(setting, name);
    const section = new Section(inner, path, providerSettings, findings);
    providers.set(name, readProvider(name, section, findings));
  }
  return providers;
}

function readProvider(name: string, section: Section, findings: Findings): CiProvider | undefined {
  const defaults = new Map<string, string>();
  for (const [key, value] of section.entries("default-template-values")) {
    if (typeof value === "string" || typeof value === "number") defaults.set(key, String(value));
    else section.problem(`default-template-values.${key}`, "must be a text");
  }
  const written = section.raw("extension-templates");
  const path = `${section.path}.extension-templates`;
  const templates = new Section(written, path, extensionSettings, findings);
  const extensions = new Map<FulcioClaimName, ValueTemplate>();
  for (const [setting, extension] of extensionsBySetting) {
    const template = readTemplate(templates, setting);
    if (template) extensions.set(extension, template);
  }
  const setting = "subject-alternative-name-template";
  const subjectAlternativeName = readTemplate(section, setting);
  if (subjectAlternativeName) return { name, defaults, extensions, subjectAlternativeName };
  if ((section.text(setting) ?? "").trim() === "") section.problem(setting, "is missing");
  return undefined;
}

function readTemplate(section: Section, setting: string): ValueTemplate | undefined {
  const text = section.text(setting) ?? "";
  if (text.trim() === "") return undefined;
  try {
    return parseValueTemplate(text);
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause;
    section.problem(setting, cause.message);
    return undefined;
  }
}
