// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@chancery/formats/json";
import { fulcioClaimExtensions, identityExtension } from "@chancery/formats/x509";
import { TokenError, type TokenErrorCode } from "../claims/index.ts";
import { readConfig } from "../config/index.ts";
import { findIssuerType, type IssuerConfig, issuerTypes, type Principal } from "./index.ts";

const clientId = "sigstore";

function issuer(url: string, settings: object, metadata?: object): IssuerConfig {
  const config = readConfig(
    {
      "oidc-issuers": { [url]: { "client-id": clientId, ...settings } },
      ...(metadata ? { "ci-issuer-metadata": metadata } : {}),
    },
    "test",
  );
  return config.issuers.get(url) as IssuerConfig;
}

function principal(config: IssuerConfig, claims: JsonObject): Principal {
  const type = findIssuerType(config.type);
  assert.ok(type);
  const subject = claims["sub"];
  assert.ok(typeof subject === "string");
  const result = type.principal({ issuer: config.url, subject, claims }, config);
  // Whatever is named can be written into a certificate.
  assert.equal(identityExtension(result.san).critical, true);
  const written = Object.values(result.extensions).filter((value) => value !== "").length;
  assert.equal(fulcioClaimExtensions(result.extensions).length, written + 1);
  return result;
}

function refuses(
  config: IssuerConfig,
  claims: JsonObject,
  code: TokenErrorCode,
  claim: string,
  message?: string,
): void {
  assert.throws(
    () => principal(config, claims),
    (error) => {
      assert.ok(error instanceof TokenError, String(error));
      assert.deepEqual([error.code, error.claim], [code, claim], error.message);
      if (message !== undefined) assert.equal(error.message, message);
      return true;
    },
    `${code} ${claim}`,
  );
}

function without(claims: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(claims).filter(([each]) => each !== name));
}

/** Refuses the claims without, with an empty, and with another type of each. */
function needsEach(config: IssuerConfig, claims: JsonObject, names: readonly string[]): void {
  for (const name of names) {
    const others = without(claims, name);
    const message = `missing ${name} claim in ID token`;
    refuses(config, others, "claim-missing", name, message);
    refuses(config, { ...others, [name]: "" }, "claim-missing", name, message);
    refuses(config, { ...others, [name]: null }, "claim-missing", name, message);
    refuses(config, { ...others, [name]: ["x"] }, "claim-invalid", name);
    refuses(config, { ...others, [name]: "x".repeat(4097) }, "too-large", name);
  }
}

test("every type of the reference is there, once", () => {
  assert.deepEqual(
    issuerTypes.map(({ name }) => name),
    [
      "email",
      "uri",
      "username",
      "spiffe",
      "kubernetes",
      "ci-provider",
      "github-workflow",
      "gitlab-pipeline",
      "buildkite-job",
      "codefresh-workflow",
      "chainguard-identity",
    ],
  );
  assert.equal(findIssuerType("Email"), undefined);
});

const accounts = "https://accounts.example.com";

test("email: a verified address, signed by the address", () => {
  const config = issuer(accounts, { type: "email" });
  const claims = { sub: "u1", email: "a.b+c@mail.example.com", email_verified: true };
  assert.deepEqual(principal(config, claims), {
    san: { kind: "email", value: "a.b+c@mail.example.com" },
    extensions: { issuer: accounts, tokenSubject: "u1" },
    challenges: ["a.b+c@mail.example.com"],
  });
  for (const word of ["true", "True"]) {
    assert.equal(principal(config, { ...claims, email_verified: word }).san.kind, "email");
  }
});

test("email: absent and unverified addresses are refused", () => {
  const config = issuer(accounts, { type: "email" });
  const email = "a@example.com";
  refuses(config, { sub: "u" }, "email-missing", "email", "missing email claim in ID token");
  refuses(config, { sub: "u", email: "", email_verified: true }, "email-missing", "email");
  refuses(config, { sub: email, email_verified: true }, "email-missing", "email");
  refuses(config, { sub: "u", email }, "email-unverified", "email_verified");
  for (const unverified of [false, "false", "False", null]) {
    const claims = { sub: "u", email, email_verified: unverified };
    refuses(config, claims, "email-unverified", "email_verified");
  }
  for (const odd of ["TRUE", "yes", 1, "", [], { a: true }]) {
    const claims = { sub: "u", email, email_verified: odd };
    refuses(config, claims, "claim-invalid", "email_verified");
  }
  refuses(config, { sub: "u", email: [email], email_verified: true }, "claim-invalid", "email");
});

test("email: what an rfc822Name cannot hold, or may be read in two ways, is refused", () => {
  const config = issuer(accounts, { type: "email" });
  for (const email of [
    "a",
    "@example.com",
    "a@",
    "a@localhost",
    "a@b@example.com",
    '"a b"@example.com',
    "a@example.com ",
    "a@example.com\n",
    "a@example.com\0.evil.com",
    "a@exämple.com",
    "ä@example.com",
    "a..b@example.com",
    ".a@example.com",
    "a.@example.com",
    "a@-example.com",
    "a@example..com",
    "a@[127.0.0.1]",
    "A <a@example.com>",
    `${"a".repeat(65)}@example.com`,
    `a@${"b.".repeat(130)}com`,
  ]) {
    refuses(config, { sub: "u", email, email_verified: true }, "email-invalid", "email");
  }
});

test("email: verification is skipped only where the operator says so", () => {
  const config = issuer(accounts, { type: "email", "skip-email-verification": true });
  const claims = { sub: "u", email: "a@example.com" };
  assert.deepEqual(principal(config, claims).challenges, ["a@example.com"]);
  assert.equal(principal(config, { ...claims, email_verified: false }).san.value, "a@example.com");
});

test("email: the issuer may stand in another claim", () => {
  const path = "$.federated_claims.connector_id";
  const config = issuer(accounts, { type: "email", "issuer-claim": path });
  const claims = { sub: "u", email: "a@example.com", email_verified: true };
  const federated = (connector_id: unknown): JsonObject =>
    ({ ...claims, federated_claims: { connector_id } }) as JsonObject;
  const github = "https://github.com/login/oauth";
  assert.equal(principal(config, federated(github)).extensions.issuer, github);
  const name = "federated_claims.connector_id";
  refuses(config, claims, "claim-missing", name);
  refuses(config, federated(undefined), "claim-missing", name);
  for (const odd of ["", 1, ["x"], {}]) refuses(config, federated(odd), "claim-invalid", name);
  refuses(config, federated("https://a\nb"), "claim-invalid", name);
  refuses(config, federated("x".repeat(5000)), "too-large", name);
});

test("uri: a URI below the subject domain", () => {
  const settings = { type: "uri", "subject-domain": "https://users.example.com" };
  const config = issuer(accounts, settings);
  const sub = "https://users.example.com/people/1?x=y#z";
  assert.deepEqual(principal(config, { sub }), {
    san: { kind: "uri", value: sub },
    extensions: { issuer: accounts, tokenSubject: sub },
    challenges: [sub],
  });
  const withUser = "https://users.example.com/@alice";
  assert.equal(principal(config, { sub: withUser }).san.value, withUser);
  for (const other of [
    "http://users.example.com/1",
    "https://example.com/1",
    "https://users.example.com.evil.com/1",
    "https://USERS.example.com/1",
    "spiffe://users.example.com/1",
    "urn:users.example.com",
  ]) {
    refuses(config, { sub: other }, "subject-not-allowed", "sub");
  }
  for (const odd of [
    "users.example.com/1",
    "https://users.example.com@evil.com/",
    "https://evil.com\\@users.example.com/",
    "https://user:pw@users.example.com/1",
    "https://users.example.com/a b",
    "https://users.example.com/\u00e9",
    "https://users.example.com/%zz",
    "https:///users.example.com",
    "https://",
  ]) {
    refuses(config, { sub: odd }, "claim-invalid", "sub");
  }
  const mail = "uri subject should not be an email address";
  refuses(config, { sub: "a@users.example.com" }, "subject-not-allowed", "sub", mail);
});

test("username: a name and the domain with ! between them", () => {
  const config = issuer(accounts, { type: "username", "subject-domain": "example.com" });
  assert.deepEqual(principal(config, { sub: "jürgen" }), {
    san: { kind: "otherName", value: "jürgen!example.com" },
    extensions: { issuer: accounts, tokenSubject: "jürgen" },
    challenges: ["jürgen"],
  });
  const sub = "sub";
  const exclamation = "username cannot contain ! character";
  refuses(config, { sub: "a!evil.com" }, "subject-not-allowed", sub, exclamation);
  for (const mail of ["a@example.com", "a@b", "ä@ö.com"]) {
    refuses(config, { sub: mail }, "subject-not-allowed", sub);
  }
  refuses(config, { sub: "a\0b" }, "claim-invalid", sub);
  refuses(config, { sub: "a".repeat(4097) }, "too-large", sub);
});

test("spiffe: an ID of the trust domain", () => {
  const settings = { type: "spiffe", "spiffe-trust-domain": "prod.example.org" };
  const config = issuer("https://spire.example.org", settings);
  const sub = "spiffe://prod.example.org/ns/default/sa/builder";
  assert.deepEqual(principal(config, { sub }), {
    san: { kind: "uri", value: sub },
    extensions: { issuer: "https://spire.example.org", tokenSubject: sub },
    challenges: [sub],
  });
  refuses(config, { sub: "spiffe://example.org/x" }, "subject-not-allowed", "sub");
  for (const odd of [
    "prod.example.org/ns",
    "SPIFFE://prod.example.org/x",
    "spiffe://prod.example.org/",
    "spiffe://prod.example.org//x",
    "spiffe://prod.example.org/../x",
    "spiffe://prod.example.org/a?b",
    "spiffe://prod.example.org/a%20b",
    "spiffe://Prod.example.org/x",
    "spiffe://prod.example.org:443/x",
    "spiffe://a@prod.example.org/x",
    `spiffe://prod.example.org/${"a".repeat(2048)}`,
  ]) {
    refuses(config, { sub: odd }, "claim-invalid", "sub");
  }
});

test("kubernetes: namespace and service account, both of which must be there", () => {
  const config = issuer("https://kubernetes.default.svc", { type: "kubernetes" });
  const sub = "system:serviceaccount:default:ci";
  const claims = (namespace: unknown, name: unknown): JsonObject =>
    ({ sub, "kubernetes.io": { namespace, serviceaccount: { name, uid: "u" } } }) as JsonObject;
  assert.deepEqual(principal(config, claims("default", "ci.robot-1")), {
    san: {
      kind: "uri",
      value: "https://kubernetes.io/namespaces/default/serviceaccounts/ci.robot-1",
    },
    extensions: { issuer: config.url, tokenSubject: sub },
    challenges: [sub],
  });
  const [namespace, account] = ["kubernetes.io.namespace", "kubernetes.io.serviceaccount.name"];
  refuses(config, { sub }, "claim-missing", "kubernetes.io");
  refuses(config, { sub, "kubernetes.io": "x" }, "claim-invalid", "kubernetes.io");
  refuses(config, { sub, "kubernetes.io": { namespace: "a" } }, "claim-missing", account);
  refuses(config, claims("", "ci"), "claim-missing", namespace);
  refuses(config, claims("default", ""), "claim-missing", account);
  for (const odd of ["a/b", "A", "-a", "a.b", "a b", "..", 7, "a".repeat(64)]) {
    refuses(config, claims(odd, "ci"), "claim-invalid", namespace);
  }
  for (const odd of ["a/b", "a..b", "../x", 7, "a".repeat(254)]) {
    refuses(config, claims("default", odd), "claim-invalid", account);
  }
});

const github: JsonObject = {
  sub: "repo:octo/app:ref:refs/heads/main",
  job_workflow_ref: "octo/shared/.github/workflows/build.yml@refs/tags/v1",
  job_workflow_sha: "b".repeat(40),
  sha: "a".repeat(40),
  event_name: "push",
  repository: "octo/app",
  workflow: "Release ✨",
  ref: "refs/heads/main",
  runner_environment: "github-hosted",
  repository_id: "65",
  repository_owner: "octo",
  repository_owner_id: "7",
  repository_visibility: "public",
  workflow_ref: "octo/app/.github/workflows/release.yml@refs/heads/main",
  workflow_sha: "c".repeat(40),
  run_id: "99",
  run_attempt: "2",
};

function githubPrincipal(iss: string, base: string): Principal {
  const signer = `${base}/octo/shared/.github/workflows/build.yml@refs/tags/v1`;
  return {
    san: { kind: "uri", value: signer },
    extensions: {
      issuer: iss,
      githubWorkflowTrigger: "push",
      githubWorkflowSHA: "a".repeat(40),
      githubWorkflowName: "Release ✨",
      githubWorkflowRepository: "octo/app",
      githubWorkflowRef: "refs/heads/main",
      buildSignerURI: signer,
      buildSignerDigest: "b".repeat(40),
      runnerEnvironment: "github-hosted",
      sourceRepositoryURI: `${base}/octo/app`,
      sourceRepositoryDigest: "a".repeat(40),
      sourceRepositoryRef: "refs/heads/main",
      sourceRepositoryIdentifier: "65",
      sourceRepositoryOwnerURI: `${base}/octo`,
      sourceRepositoryOwnerIdentifier: "7",
      buildConfigURI: `${base}/octo/app/.github/workflows/release.yml@refs/heads/main`,
      buildConfigDigest: "c".repeat(40),
      buildTrigger: "push",
      runInvocationURI: `${base}/octo/app/actions/runs/99/attempts/2`,
      sourceRepositoryVisibilityAtSigning: "public",
      tokenSubject: "repo:octo/app:ref:refs/heads/main",
    },
    challenges: ["repo:octo/app:ref:refs/heads/main"],
  };
}

test("github-workflow: all claims to all extensions, none missing", () => {
  const config = issuer("https://token.actions.githubusercontent.com", { type: "github-workflow" });
  assert.deepEqual(principal(config, github), githubPrincipal(config.url, "https://github.com"));
  needsEach(
    config,
    github,
    Object.keys(github).filter((name) => name !== "sub"),
  );
  for (const name of ["job_workflow_ref", "workflow_ref", "repository", "repository_owner"]) {
    for (const odd of ["../../evil/app", "octo/./app", "octo/%2"]) {
      refuses(config, { ...github, [name]: odd }, "claim-invalid", name);
    }
  }
});

test("github-workflow: repositories are where the issuer has them", () => {
  for (const [url, base] of [
    ["https://git.example.com/_services/token", "https://git.example.com"],
    ["https://token.actions.acme.ghe.com", "https://acme.ghe.com"],
    ["https://token.actions.githubusercontent.com/acme", "https://github.com"],
  ] as const) {
    const config = issuer(url, { type: "github-workflow" });
    assert.deepEqual(principal(config, github), githubPrincipal(url, base));
  }
});

test("gitlab-pipeline: all claims to all extensions, below the issuer's own URL", () => {
  const required = {
    project_path: "group/app",
    pipeline_source: "push",
    pipeline_id: "11",
    ci_config_ref_uri: "gitlab.example.com/group/app//.gitlab-ci.yml@refs/heads/main",
    job_id: "12",
    ref: "main",
    ref_type: "branch",
    namespace_path: "group",
    namespace_id: "13",
    project_id: "14",
    sha: "a".repeat(40),
    runner_environment: "self-hosted",
  };
  const sub = "project_path:group/app:ref_type:branch:ref:main";
  const claims = {
    ...required,
    sub,
    runner_id: 15,
    ci_config_sha: "b".repeat(40),
    project_visibility: "private",
  };
  const url = "https://gitlab.example.com";
  const config = issuer(url, { type: "gitlab-pipeline" });
  const signer = `${url}/group/app//.gitlab-ci.yml@refs/heads/main`;
  assert.deepEqual(principal(config, claims), {
    san: { kind: "uri", value: signer },
    extensions: {
      issuer: url,
      buildSignerURI: signer,
      buildSignerDigest: "b".repeat(40),
      runnerEnvironment: "self-hosted",
      sourceRepositoryURI: `${url}/group/app`,
      sourceRepositoryDigest: "a".repeat(40),
      sourceRepositoryRef: "refs/heads/main",
      sourceRepositoryIdentifier: "14",
      sourceRepositoryOwnerURI: `${url}/group`,
      sourceRepositoryOwnerIdentifier: "13",
      buildConfigURI: signer,
      buildConfigDigest: "b".repeat(40),
      buildTrigger: "push",
      runInvocationURI: `${url}/group/app/-/jobs/12`,
      sourceRepositoryVisibilityAtSigning: "private",
      tokenSubject: sub,
    },
    challenges: [sub],
  });
  const tag = principal(config, { ...claims, ref: "v1", ref_type: "tag" });
  assert.equal(tag.extensions.sourceRepositoryRef, "refs/tags/v1");
  needsEach(config, claims, Object.keys(required));
  refuses(config, { ...claims, ref_type: "commit" }, "claim-invalid", "ref_type");
  refuses(config, { ...claims, runner_id: 0 }, "claim-missing", "runner_id");
  refuses(config, { ...claims, runner_id: "15" }, "claim-invalid", "runner_id");
  for (const odd of ["user@gitlab.example.com/x", "", "/group/app", "gitlab.example.com:x/y"]) {
    const code = odd === "" ? "claim-missing" : "claim-invalid";
    refuses(config, { ...claims, ci_config_ref_uri: odd }, code, "ci_config_ref_uri");
  }
});

test("buildkite-job: organisation and pipeline", () => {
  const config = issuer("https://agent.buildkite.com", { type: "buildkite-job" });
  const claims = { sub: "organization:o", organization_slug: "acme", pipeline_slug: "app" };
  assert.deepEqual(principal(config, claims), {
    san: { kind: "uri", value: "https://buildkite.com/acme/app" },
    extensions: { issuer: config.url, tokenSubject: "organization:o" },
    challenges: ["organization:o"],
  });
  needsEach(config, claims, ["organization_slug", "pipeline_slug"]);
});

test("codefresh-workflow: names and identifiers of account and pipeline", () => {
  const required = {
    account_id: "a1",
    account_name: "acme",
    pipeline_id: "p1",
    pipeline_name: "project/build",
    workflow_id: "w1",
  };
  const claims = {
    ...required,
    sub: "account:a1",
    scm_repo_url: "https://github.com/acme/app",
    scm_ref: "main",
    runner_environment: "hybrid",
  };
  const config = issuer("https://oidc.codefresh.io", { type: "codefresh-workflow" });
  const base = "https://g.codefresh.io";
  const expected = (platform: string): Principal => ({
    san: { kind: "uri", value: `${platform}/acme/project/build:a1/p1` },
    extensions: {
      issuer: config.url,
      buildSignerURI: `${platform}/build/w1`,
      runnerEnvironment: "hybrid",
      sourceRepositoryURI: "https://github.com/acme/app",
      sourceRepositoryRef: "main",
      buildConfigURI: `${platform}/api/pipelines/p1`,
      runInvocationURI: `${platform}/build/w1`,
      tokenSubject: "account:a1",
    },
    challenges: ["account:a1"],
  });
  assert.deepEqual(principal(config, claims), expected(base));
  const own = "https://cf.example.com";
  assert.deepEqual(principal(config, { ...claims, platform_url: own }), expected(own));
  needsEach(config, claims, Object.keys(required));
});

test("chainguard-identity: the subject below the issuer", () => {
  const config = issuer("https://issuer.enforce.dev", { type: "chainguard-identity" });
  const sub = "720909c9/1b2c";
  const expected: Principal = {
    san: { kind: "uri", value: "https://issuer.enforce.dev/720909c9/1b2c" },
    extensions: { issuer: config.url, tokenSubject: sub },
    challenges: [sub],
  };
  assert.deepEqual(principal(config, { sub }), expected);
  const verified = { sub, email: "a@example.com", email_verified: true };
  const challenges = [sub, "a@example.com"] as const;
  assert.deepEqual(principal(config, verified), { ...expected, challenges });
  refuses(config, { sub, email: "a@example.com" }, "email-unverified", "email_verified");
  refuses(config, { sub: "../x" }, "claim-invalid", "sub");
});

const metadata = {
  forge: {
    "default-template-values": { url: "https://forge.example.com", environment: "" },
    "extension-templates": {
      "github-workflow-trigger": "event",
      "build-signer-uri": "{{ .url }}/{{ .job_ref }}",
      "source-repository-ref":
        'refs/{{if eq .ref_type "branch"}}heads/{{ else }}tags/{{end}}{{ .ref }}',
      "source-repository-identifier": "id",
      "deployment-environment": "environment",
      "run-invocation-uri": '{{ .url }}/run/{{ (index . "forge.example.com/run-id") }}',
      "source-repository-uri": '{{index . "forge.example.com/origin"}}',
    },
    "subject-alternative-name-template": "{{ .url }}/{{ .job_ref }}",
  },
};
const forgeClaims: JsonObject = {
  iss: "https://forge.example.com",
  sub: "job:1",
  event: "push",
  job_ref: "o/r/ü (1).yml@refs/heads/main",
  ref_type: "branch",
  ref: "main",
  id: 12_345_678_901,
  "forge.example.com/run-id": "r1",
};

test("ci-provider: templates over claims and defaults", () => {
  const settings = { type: "ci-provider", "ci-provider": "forge" };
  const config = issuer("https://forge.example.com", settings, metadata);
  assert.deepEqual(principal(config, forgeClaims), {
    // The name is printed as a URL, the extension as it was made.
    san: {
      kind: "uri",
      value: "https://forge.example.com/o/r/%C3%BC%20%281%29.yml@refs/heads/main",
    },
    extensions: {
      githubWorkflowTrigger: "push",
      buildSignerURI: "https://forge.example.com/o/r/ü (1).yml@refs/heads/main",
      sourceRepositoryRef: "refs/heads/main",
      sourceRepositoryIdentifier: "12345678901",
      deploymentEnvironment: "",
      runInvocationURI: "https://forge.example.com/run/r1",
      sourceRepositoryURI: "",
      issuer: "https://forge.example.com",
      tokenSubject: "job:1",
    },
    challenges: ["job:1"],
  });
  const claims = { ...forgeClaims, environment: "prod", url: "https://other.example.com" };
  const { san, extensions } = principal(config, claims);
  assert.equal(extensions.deploymentEnvironment, "prod");
  assert.ok(san.value.startsWith("https://other.example.com/o/r/"), "claims go before defaults");
});

test("ci-provider: what a template needs and a token lacks is refused", () => {
  const settings = { type: "ci-provider", "ci-provider": "forge" };
  const config = issuer("https://forge.example.com", settings, metadata);
  for (const name of ["event", "job_ref", "ref_type", "ref", "id", "forge.example.com/run-id"]) {
    const others = without(forgeClaims, name);
    refuses(config, others, "claim-missing", name);
    refuses(config, { ...others, [name]: null }, "claim-missing", name);
  }
  assert.throws(() => principal(config, without(forgeClaims, "event")), {
    message: "value <event> not present in either claims or defaults.",
    wireText:
      "value <event> not present in either claims or defaults. " +
      '{\n\t"ExtensionName": "GithubWorkflowTrigger",\n\t"Issuer": "https://forge.example.com"\n}',
  });
  const place = "SubjectAlternativeName";
  for (const url of ["forge", "https://a@b", "https://a b", "https://a\nb", "//x", ""]) {
    refuses(config, { ...forgeClaims, url }, "claim-invalid", place);
  }
  refuses(config, { ...forgeClaims, job_ref: "x".repeat(5000) }, "too-large", place);
});

test("machine tokens with an address are proven by either, but never by an unverified one", () => {
  const config = issuer("https://agent.buildkite.com", { type: "buildkite-job" });
  const claims = { sub: "s", organization_slug: "o", pipeline_slug: "p", email: "a@example.com" };
  assert.deepEqual(principal(config, claims).challenges, ["s"]);
  for (const email_verified of [false, "false"]) {
    assert.deepEqual(principal(config, { ...claims, email_verified }).challenges, ["s"]);
  }
  const verified = { ...claims, email_verified: true };
  assert.deepEqual(principal(config, verified).challenges, ["s", "a@example.com"]);
  refuses(config, { ...claims, email_verified: "maybe" }, "claim-invalid", "email_verified");
});
