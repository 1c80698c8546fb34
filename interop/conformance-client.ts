// SPDX-License-Identifier: Apache-2.0
// Speaks the command line of the sigstore-conformance suite (its docs/cli_protocol.md): exit code 0
// for success, 1 for a refusal, 2 for a wrong command line. Start it through `conformance-client`.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { parseArgs } from "node:util";
import { decodeHex } from "@chancery/formats/bytes";
import { decodePublicKeyPem } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { SignError } from "@chancery/sign";
import {
  type Artifact,
  artifactFromBytes,
  artifactFromDigest,
  type Evidence,
  firstFailure,
  type Policy,
  verify,
} from "@chancery/verify";
import type { TufResult } from "@chancery/verify/tuf";

/** Its root must be in the cache (`chancery initialize`): none is shipped. */
const stagingMirror = "https://tuf-repo-cdn.sigstage.dev";
/** What to use for the default instance, and to sign for staging, instead of asking them. */
const variables = {
  trustedRoot: "CHANCERY_CONFORMANCE_TRUSTED_ROOT",
  signingConfig: "CHANCERY_CONFORMANCE_SIGNING_CONFIG",
} as const;

/** The command line was wrong: the caller's fault, not the bundle's. */
class UsageError extends Error {}

const options = {
  bundle: { type: "string" },
  "certificate-identity": { type: "string" },
  "certificate-oidc-issuer": { type: "string" },
  "identity-token": { type: "string" },
  "in-toto": { type: "boolean" },
  key: { type: "string" },
  "signing-config": { type: "string" },
  staging: { type: "boolean" },
  "trusted-root": { type: "string" },
} as const;

type Values = ReturnType<typeof parseCommandLine>["values"];

try {
  const { values, positionals } = parseCommandLine();
  const [command, artifact, ...others] = positionals;
  if (command !== "sign-bundle" && command !== "verify-bundle") {
    throw new UsageError(`unknown command ${command ?? ""}; there is sign-bundle, verify-bundle`);
  }
  if (artifact === undefined || others.length > 0) throw new UsageError("name one artifact");
  if (command === "verify-bundle") {
    process.exitCode = report(await verifyBundle(values, artifact));
  } else {
    await writeSignedBundle(values, artifact);
  }
} catch (cause) {
  const usage = cause instanceof UsageError || (cause as { code?: string }).code === "ENOENT";
  if (!usage && !(cause instanceof FormatError) && !(cause instanceof SignError)) throw cause;
  console.error((cause as Error).message);
  process.exitCode = usage ? 2 : 1;
}

function parseCommandLine(): ReturnType<
  typeof parseArgs<{ options: typeof options; allowPositionals: true }>
> {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError((cause as Error).message);
  }
}

async function writeSignedBundle(values: Values, artifact: string): Promise<void> {
  const { bundle, "identity-token": identityToken } = values;
  if (bundle === undefined) throw new UsageError("--bundle is missing");
  if (identityToken === undefined) throw new UsageError("--identity-token is missing");
  const trustedRoot = await readTrust(values, "trustedRoot");
  const signingConfig = await readTrust(values, "signingConfig");
  const { signBundle } = await import("./conformance-sign.ts");
  const inToto = values["in-toto"] === true;
  const signed = { identityToken, artifact, inToto, trustedRoot, signingConfig };
  writeFileSync(bundle, await signBundle(signed));
}

async function verifyBundle(values: Values, artifact: string): Promise<Evidence> {
  if (values.bundle === undefined) throw new UsageError("--bundle is missing");
  return verify({
    bundle: readFileSync(values.bundle),
    artifact: readArtifact(artifact),
    trustedRoot: await readTrust(values, "trustedRoot"),
    policy: policyOf(values),
  });
}

/** A path, unless it reads like a digest and no such file exists. */
function readArtifact(artifact: string): Artifact {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(artifact)?.[1];
  if (hex === undefined || existsSync(artifact)) return artifactFromBytes(readFileSync(artifact));
  return artifactFromDigest("sha256", decodeHex(hex));
}

/** A file of the command line, of the environment, or of the instance that is meant. */
async function readTrust(
  values: Values,
  which: "trustedRoot" | "signingConfig",
): Promise<Uint8Array> {
  const given = values[which === "trustedRoot" ? "trusted-root" : "signing-config"];
  const path = given ?? (values.staging ? undefined : process.env[variables[which]]);
  if (path !== undefined && path !== "") return readFileSync(path);
  const found = (await fetchInstance(values))[which];
  if (found === undefined) throw new UsageError("its mirror has no signing config; name one");
  return found;
}

async function fetchInstance({ staging }: Values): Promise<TufResult> {
  const { fetchTrust, locationFromEnvironment } = await import("@chancery/verify/tuf");
  const { cacheDirectory } = await locationFromEnvironment(process.env, homedir());
  const mirror = staging === true ? stagingMirror : undefined;
  return fetchTrust({ cacheDirectory, mirror, now: new Date() });
}

function policyOf(values: Values): Policy {
  const identity = values["certificate-identity"];
  const issuer = values["certificate-oidc-issuer"];
  if (values.key !== undefined) {
    if (identity !== undefined || issuer !== undefined) {
      throw new UsageError("--key excludes --certificate-identity and --certificate-oidc-issuer");
    }
    return { signer: { kind: "key", key: decodePublicKeyPem(readFileSync(values.key, "utf8")) } };
  }
  if (identity === undefined || issuer === undefined) {
    throw new UsageError("say --key, or --certificate-identity and --certificate-oidc-issuer");
  }
  const signer = { kind: "identity", identity: { exact: identity }, issuer: { exact: issuer } };
  return { signer } as Policy;
}

/** One line: the verdict, and for a refusal its code and what was seen. */
function report(evidence: Evidence): number {
  if (evidence.verdict === "verified") {
    console.error("verified");
    return 0;
  }
  const check = firstFailure(evidence.checks);
  console.error(
    `${evidence.reason ?? "refused"}: ${check?.message ?? "not everything was checked"}`,
  );
  return 1;
}
