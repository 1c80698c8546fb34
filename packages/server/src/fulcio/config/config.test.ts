// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { generatePrivateKey } from "@chancery/formats/crypto/node";
import { algorithmByName, encodePublicKeyPem } from "@chancery/formats/crypto";
import {
  advertisedIssuers,
  findIssuer,
  type FulcioConfig,
  FulcioConfigError,
  parseFulcioConfig,
  publicInstanceConfig,
  withIssuers,
} from "./index.ts";
import { matchesPattern } from "./pattern.ts";

/** The shapes of Fulcio's own file: anchors, aliases as keys, plain templates. */
const yaml = `
define:
  - &forge "forge-job"
oidc-issuers:
  https://accounts.example.com:
    issuer-url: https://accounts.example.com
    client-id: sigstore
    type: email
    issuer-claim: $.federated_claims.connector_id
    contact: a@example.com
    description: "People"
    environment: staging
  https://forge.example.com:
    issuer-url: https://forge.example.com
    client-id: 1234
    type: ci-provider
    ci-provider: *forge
meta-issuers:
  https://forge.example.com/org/*:
    client-id: sigstore
    type: ci-provider
    ci-provider: *forge
  https://*.k8s.example.com/*/*/:
    client-id: sigstore
    type: kubernetes
ci-issuer-metadata:
  *forge:
    default-template-values:
      url: "https://forge.example.com"
      port: 8443
    extension-templates:
      github-workflow-sha: "sha"
      source-repository-ref: refs/{{if eq .ref_type "branch"}}heads/{{ else }}tags/{{end}}{{ .ref }}
      source-repository-visibility-at-signing: "visibility"
    subject-alternative-name-template: "{{ .url }}/{{ .job }}"
`;

const json = JSON.stringify({
  OIDCIssuers: {
    "https://accounts.example.com": {
      IssuerURL: "https://accounts.example.com",
      ClientID: "sigstore",
      Type: "email",
      IssuerClaim: "$.federated_claims.connector_id",
      Contact: "a@example.com",
      Description: "People",
      Environment: "staging",
    },
    "https://forge.example.com": {
      issuerurl: "https://forge.example.com",
      clientid: "1234",
      TYPE: "ci-provider",
      CIProvider: "forge-job",
    },
  },
  MetaIssuers: {
    "https://forge.example.com/org/*": {
      ClientID: "sigstore",
      Type: "ci-provider",
      CIProvider: "forge-job",
    },
    "https://*.k8s.example.com/*/*/": { ClientID: "sigstore", Type: "kubernetes" },
  },
  CIIssuerMetadata: {
    "forge-job": {
      DefaultTemplateValues: { url: "https://forge.example.com", port: "8443" },
      ExtensionTemplates: {
        GithubWorkflowSHA: "sha",
        SourceRepositoryRef:
          'refs/{{if eq .ref_type "branch"}}heads/{{ else }}tags/{{end}}{{ .ref }}',
        SourceRepositoryVisibilityAtSigning: "visibility",
      },
      SubjectAlternativeNameTemplate: "{{ .url }}/{{ .job }}",
    },
  },
});

function parse(settings: object): FulcioConfig {
  return parseFulcioConfig(JSON.stringify(settings), "c.json");
}

function refuses(settings: object, ...problems: readonly string[]): void {
  assert.throws(
    () => parse(settings),
    (error) => {
      assert.ok(error instanceof FulcioConfigError);
      assert.equal(error.code, "invalid");
      assert.deepEqual(
        error.message.split("\n"),
        problems.map((problem) => `c.json: ${problem}`),
      );
      return true;
    },
  );
}

/** An e-mail issuer with other settings. */
function one(settings: object, url = "https://a.example.com"): object {
  return { "oidc-issuers": { [url]: { "client-id": "c", type: "email", ...settings } } };
}
const at = 'oidc-issuers["https://a.example.com"]';

test("YAML and JSON, in their spellings, say the same", () => {
  const config = parseFulcioConfig(yaml, "config.yaml");
  assert.deepEqual(parseFulcioConfig(json, "config.json"), config);
  assert.deepEqual(config.warnings, []);
  const people = config.issuers.get("https://accounts.example.com");
  assert.equal(people?.contact, "a@example.com");
  assert.deepEqual(people?.issuerClaim, ["federated_claims", "connector_id"]);
  const forge = config.issuers.get("https://forge.example.com");
  assert.equal(forge?.clientId, "1234");
  assert.deepEqual(
    [...(forge?.ciProvider?.defaults ?? [])],
    [
      ["url", "https://forge.example.com"],
      ["port", "8443"],
    ],
  );
  assert.deepEqual(
    [...(forge?.ciProvider?.extensions.keys() ?? [])],
    ["githubWorkflowSHA", "sourceRepositoryRef", "sourceRepositoryVisibilityAtSigning"],
  );
});

test("issuers are found by their very name, then by the first pattern", () => {
  const config = parseFulcioConfig(yaml, "config.yaml");
  const urlOf = (iss: string): string | undefined => findIssuer(config, iss)?.url;
  assert.equal(urlOf("https://forge.example.com"), "https://forge.example.com");
  assert.equal(urlOf("https://forge.example.com/org/o_1-A"), "https://forge.example.com/org/*");
  assert.equal(urlOf("https://eu-1.k8s.example.com/a/b/"), "https://*.k8s.example.com/*/*/");
  for (const iss of [
    "https://forge.example.com/",
    "https://FORGE.example.com",
    "https://forge.example.com/org/",
    "https://forge.example.com/org/a/b",
    "https://forge.example.com/org/a.b",
    "https://forge.example.com/org/a\n",
    "https://eu.k8s.example.com/a/b",
    "https://a.b.k8s.example.com/a/b/",
    "http://eu.k8s.example.com/a/b/",
    "http://localhost?https://forge.example.com/org/a",
    "https://evil.com/https://forge.example.com/org/a",
    "",
  ]) {
    assert.equal(urlOf(iss), undefined, iss);
  }
});

test("matching a pattern takes the time of both lengths, whatever they hold", () => {
  const pattern = `https://${"*-".repeat(200)}*/`;
  assert.equal(matchesPattern(pattern, `https://${"a-".repeat(800)}!`), false);
  assert.equal(matchesPattern(pattern, `https://${"a-".repeat(200)}a/`), true);
  assert.equal(matchesPattern("*", "a".repeat(3000)), false);
  assert.equal(matchesPattern("**", "a"), false);
  assert.equal(matchesPattern("a*c", "ac"), false);
  assert.equal(matchesPattern("a*c", "abcc"), true);
});

test("clients are shown what they need", () => {
  const config = parse({
    "oidc-issuers": {
      "https://a.example.com": { "client-id": "c", type: "email", "skip-email-verification": true },
      "https://b.example.com": {
        "client-id": "c",
        type: "spiffe",
        "spiffe-trust-domain": "x.org",
        "challenge-claim": "id",
      },
    },
    "meta-issuers": { "https://*.example.com": { "client-id": "d", type: "kubernetes" } },
  });
  const none = { spiffeTrustDomain: "", subjectDomain: "", skipEmailVerification: false };
  assert.deepEqual(advertisedIssuers(config), [
    {
      ...none,
      issuerUrl: "https://a.example.com",
      audience: "c",
      challengeClaim: "email",
      issuerType: "email",
      skipEmailVerification: true,
    },
    {
      ...none,
      issuerUrl: "https://b.example.com",
      audience: "c",
      challengeClaim: "id",
      issuerType: "spiffe",
      spiffeTrustDomain: "x.org",
    },
    {
      ...none,
      wildcardIssuerUrl: "https://*.example.com",
      audience: "d",
      challengeClaim: "sub",
      issuerType: "kubernetes",
    },
  ]);
});

test("further issuers never take the place of the operator's", () => {
  const url = "https://a.example.com";
  const config = parse(one({}));
  const [own, other] = [parse(one({ "client-id": "mine" })), parse(one({}, "https://b.org"))];
  const merged = withIssuers(config, [...own.issuers.values(), ...other.issuers.values()]);
  assert.equal(merged.issuers.get(url)?.clientId, "c");
  assert.ok(merged.issuers.has("https://b.org"));
});

test("every problem is told, each with its path", () => {
  const kinds =
    "email, uri, username, spiffe, kubernetes, ci-provider, github-workflow, gitlab-pipeline, " +
    "buildkite-job, codefresh-workflow, chainguard-identity";
  refuses(
    {
      "oidc-issuers": {
        "https://a.example.com": { type: "e-mail" },
        "https://b.example.com": { ClientID: ["c"], "client-id": "c", type: "email" },
        "https://c.example.com": "x",
      },
    },
    `${at}.client-id: is missing: it is the audience`,
    `${at}.type: is e-mail; it is one of ${kinds}`,
    'oidc-issuers["https://b.example.com"].client-id: is set twice, in two spellings',
    'oidc-issuers["https://b.example.com"].client-id: must be a text, not a list',
    'oidc-issuers["https://c.example.com"]: must be a map, not a string',
    'oidc-issuers["https://c.example.com"].client-id: is missing: it is the audience',
    `oidc-issuers["https://c.example.com"].type: is missing; it is one of ${kinds}`,
  );
  refuses({ "oidc-issuers": [] }, "oidc-issuers: must be a map, not a list");
  refuses(
    one({ "skip-email-verification": "true" }),
    `${at}.skip-email-verification: must be true or false, not a string`,
  );
  refuses(
    one({ type: "uri", "issuer-claim": "$.a" }),
    `${at}.issuer-claim: only email issuers can use issuer claim mapping`,
  );
  refuses(one({ "issuer-claim": "$..a" }), `${at}.issuer-claim: "$..a" is no path such as $.a.b`);
  refuses(
    one({ "issuer-url": "https://b.example.com" }),
    `${at}.issuer-url: is https://b.example.com, but the issuer stands under https://a.example.com`,
  );
  refuses(one({ "ci-provider": "none" }), `${at}.ci-provider: "none" is not in ci-issuer-metadata`);
  refuses(
    one({ type: "ci-provider" }),
    `${at}.ci-provider: must name an entry of ci-issuer-metadata`,
  );
});

test("issuers are http or https URLs", () => {
  const problem = "is no http or https URL with a plain host and without a query";
  for (const url of [
    "a.example.com",
    "https://",
    "https://u@a.example.com",
    "https://a.example.com?x",
    "https://a.example.com#x",
    "ftp://a.example.com",
    "https://é.example.com",
  ]) {
    refuses(one({}, url), `oidc-issuers[${JSON.stringify(url)}]: ${problem}`);
  }
  refuses(
    one({}, "https://*.b.com"),
    'oidc-issuers["https://*.b.com"]: holds a *: patterns belong to meta-issuers',
  );
});

test("certificate authorities of issuers are certificates", () => {
  const key = generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
  for (const pem of [
    "x",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    encodePublicKeyPem(key.publicKey),
  ]) {
    assert.throws(
      () => parse(one({ "ca-cert": pem })),
      (error) =>
        error instanceof FulcioConfigError &&
        error.message.startsWith(`c.json: ${at}.ca-cert: is no certificate in PEM: `),
    );
  }
});

test("an issuer speaks only for its own domain", () => {
  const uri = (subjectDomain: string, url = "https://accounts.example.com"): object =>
    one({ type: "uri", "subject-domain": subjectDomain }, url);
  const name = (subjectDomain: string, url = "https://accounts.example.com"): object =>
    one({ type: "username", "subject-domain": subjectDomain }, url);
  for (const good of [
    uri("https://example.com"),
    uri("https://users.example.com"),
    uri("http://localhost:1/x", "http://localhost:2"),
    uri("https://10.0.0.1", "https://10.0.0.1"),
    uri("https://id.corp", "https://sso.id.corp"),
    name("example.com"),
    name("localhost", "http://localhost:8080"),
    {
      "meta-issuers": {
        "https://*.example.com": {
          "client-id": "c",
          type: "username",
          "subject-domain": "example.com",
        },
      },
    },
  ]) {
    assert.deepEqual(
      parse(good).warnings.filter((text) => !text.includes("between")),
      [],
    );
  }
  const setting = 'oidc-issuers["https://accounts.example.com"].subject-domain';
  const foreign = (host: string): string =>
    `${setting}: ${host} and the issuer's host, accounts.example.com, are not of the same domain`;
  refuses(uri("https://example.org"), foreign("example.org"));
  refuses(name("com"), foreign("com"));
  refuses(uri("http://example.com"), `${setting}: its scheme, http, is not the issuer's, https`);
  const form = "must be a scheme and a host, such as https://example.com";
  for (const odd of ["", "example.com", "https:", "https://u@example.com"]) {
    refuses(uri(odd), `${setting}: ${form}`);
  }
  for (const odd of ["", "https://example.com", "example.com/x", "a!b"]) {
    refuses(name(odd), `${setting}: must be a host without a scheme, such as example.com`);
  }
  refuses(
    uri("https://evil.co.uk", "https://good.co.uk"),
    'oidc-issuers["https://good.co.uk"].subject-domain: ' +
      "evil.co.uk and the issuer's host, good.co.uk, are not of the same domain",
  );
  refuses(
    name("evil.github.io", "https://good.github.io"),
    'oidc-issuers["https://good.github.io"].subject-domain: ' +
      "evil.github.io and the issuer's host, good.github.io, are not of the same domain",
  );
});

test("SPIFFE issuers have one trust domain", () => {
  const spiffe = { "client-id": "c", type: "spiffe" };
  for (const odd of [undefined, "", "Example.org", "example.org:1", "spiffe://"]) {
    refuses(
      one({ type: "spiffe", "spiffe-trust-domain": odd }),
      `${at}.spiffe-trust-domain: must be a trust domain, such as example.org`,
    );
  }
  refuses(
    { "meta-issuers": { "https://*.example.com": { ...spiffe, "spiffe-trust-domain": "x.org" } } },
    'meta-issuers["https://*.example.com"].type: SPIFFE meta issuers not supported: each trust domain has one issuer',
  );
});

test("templates are read when the file is", () => {
  const provider = (settings: object): object => ({ "ci-issuer-metadata": { p: settings } });
  const san = { "subject-alternative-name-template": "{{.a}}" };
  const place = 'ci-issuer-metadata["p"]';
  refuses(provider({}), `${place}.subject-alternative-name-template: is missing`);
  refuses(
    provider({ "subject-alternative-name-template": "{{ .a | x }}" }),
    `${place}.subject-alternative-name-template: the action at character 0 holds what is not read here`,
  );
  refuses(
    provider({ ...san, "extension-templates": { "build-trigger": "x {{ .a" } }),
    `${place}.extension-templates.build-trigger: the action at character 2 is not closed`,
  );
  refuses(
    provider({ ...san, "default-template-values": { url: ["x"] } }),
    `${place}.default-template-values.url: must be a text`,
  );
  // The provider's problem is told, not that issuers name it.
  refuses(
    { ...provider({}), ...one({ type: "email", "ci-provider": "p" }) },
    `${place}.subject-alternative-name-template: is missing`,
  );
});

test("settings that do not exist are warned of, as Fulcio ignores them", () => {
  const config = parse({
    ...one({ clientid: "c", "client-id": undefined, audience: "x" }),
    "ci-issuer-metadata": {
      p: { "subject-alternative-name-template": "a", "extension-templates": { "build-uri": "a" } },
    },
    issuers: {},
    define: [],
  });
  assert.deepEqual(config.warnings, [
    "issuers: no such setting; it is ignored",
    'ci-issuer-metadata["p"].extension-templates.build-uri: no such setting; it is ignored',
    `${at}.audience: no such setting; it is ignored`,
  ]);
  assert.deepEqual(parse({}).warnings, ["no issuer is configured: every token is refused"]);
  const wide = { "client-id": "c", type: "email" };
  assert.match(parse({ "meta-issuers": { "https://*.com": wide } }).warnings[0] ?? "", /everybody/);
  assert.match(parse(one({}, "http://idp.example.com")).warnings[0] ?? "", /can be anybody/);
  assert.deepEqual(parse(one({}, "http://127.0.0.1:5556/auth")).warnings, []);
});

test("what is neither YAML nor JSON is refused with its place", () => {
  const bomb = `a: &a [${"x,".repeat(50)}]\n${"b: &b [*a,*a]\nc: [*b,*b]\n"}d: [${"*a,".repeat(1200)}]`;
  for (const [text, message] of [
    ["a: b: c", /^c:1:4: Nested mappings/],
    ["oidc-issuers:\n  a: 1\n  a: 2", /^c:3:3: Map keys must be unique/],
    ["a: *none", /^c: Unresolved alias|^c:1:/],
    ['{"a": 1, "a": 2}', /stands twice/],
    ['{"a": 1', /the text ends/],
    [bomb, /Excessive alias count/],
    ["", /^c: is empty/],
    ["# nothing yet\n", /^c: is empty/],
    ["null", /^c: is empty/],
  ] as const) {
    assert.throws(
      () => parseFulcioConfig(text, "c"),
      (error) =>
        error instanceof FulcioConfigError &&
        error.code === "malformed" &&
        message.test(error.message),
      text.slice(0, 40),
    );
  }
  assert.throws(() => parseFulcioConfig("- a", "c"), /c: the whole: must be a map, not a list/);
});

test("without a file the issuers are those of the public instance", () => {
  assert.deepEqual(
    [...publicInstanceConfig.issuers.values()].map(({ url, type, clientId }) => [
      url,
      type,
      clientId,
    ]),
    [
      ["https://oauth2.sigstore.dev/auth", "email", "sigstore"],
      ["https://accounts.google.com", "email", "sigstore"],
      ["https://token.actions.githubusercontent.com", "github-workflow", "sigstore"],
    ],
  );
});
