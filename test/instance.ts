// SPDX-License-Identifier: Apache-2.0
// A private Sigstore for tests: CA, CT log, Rekor v1 and v2, timestamp authority, their trusted
// root, and bundles made with them. All signatures are real; each piece can be replaced.
import { createHash } from "node:crypto";
import { encodeBase64 } from "@chancery/formats/bytes";
import type { PublicKey, SignatureScheme } from "@chancery/formats/crypto";
import { decodeTrustedRoot, type TrustedRoot } from "@chancery/formats/trust";
import { signEd25519ph } from "../packages/formats/src/crypto/node/ed25519-sign.ts";
import {
  buildCa,
  buildFulcioLeaf,
  defaultScheme,
  type FulcioLeafOptions,
  type TestCertificate,
  type TestKey,
  testKey,
  type TestKeyType,
  testSign,
} from "../packages/formats/test/certificate-builder.ts";
import {
  type LoggedSigning,
  rekorV1,
  rekorV2,
  type TestEntryOptions,
  type TestLog,
  testLogEntry,
  testSigningTime,
} from "./instance-log.ts";
import {
  buildTimestamp,
  type TestAuthority,
  testAuthority,
  type TestTimestampOptions,
} from "./timestamp-builder.ts";

/** Everything that a signer meets and a verifier trusts. */
export interface TestInstance {
  readonly root: TestCertificate;
  readonly intermediate: TestCertificate;
  readonly ct: TestKey;
  readonly rekor1: TestLog;
  readonly rekor2: TestLog;
  readonly tsaRoot: TestAuthority;
  readonly tsa: TestAuthority;
}

/** A new instance; its period is open from 2029 on, its certificates last from 2020 to 2040. */
export function testInstance(options: { readonly caKeyType?: TestKeyType } = {}): TestInstance {
  const { caKeyType = "P-256" } = options;
  const root = buildCa({ subject: "CN=root,O=test", key: testKey(caKeyType) });
  const intermediate = buildCa({
    subject: "CN=intermediate,O=test",
    key: testKey(caKeyType),
    issuer: root,
    pathLength: 0,
    purposes: ["1.3.6.1.5.5.7.3.3"],
  });
  const tsaRoot = testAuthority({ name: "tsa root", ca: true, serialNumber: 1 });
  return {
    root,
    intermediate,
    ct: testKey(),
    rekor1: rekorV1("rekor.test"),
    rekor2: rekorV2("log2030.rekor.test"),
    tsaRoot,
    tsa: testAuthority({ name: "tsa", issuer: tsaRoot }),
  };
}

/** A leaf as the instance's CA issues it, in the instance's CT log, valid around the signing. */
export function testLeaf(
  instance: TestInstance,
  options: Partial<FulcioLeafOptions> = {},
): TestCertificate {
  return buildFulcioLeaf({ issuer: instance.intermediate, ctKeys: [instance.ct], ...options });
}

/** The instance's trusted root as a JSON value, fresh on each call. */
export function trustedRootValue(instance: TestInstance): any {
  return {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [tlogValue(instance.rekor1), tlogValue(instance.rekor2)],
    certificateAuthorities: [
      authorityValue("https://fulcio.test", [instance.intermediate.der, instance.root.der]),
    ],
    ctlogs: [ctlogValue("https://ct.test", instance.ct)],
    timestampAuthorities: [tsaValue("https://tsa.test", [instance.tsa, instance.tsaRoot])],
  };
}

/** The decoded trusted root, after a change. */
export function testTrustedRoot(instance: TestInstance, edit?: (value: any) => void): TrustedRoot {
  const value = trustedRootValue(instance);
  edit?.(value);
  return decodeTrustedRoot(JSON.stringify(value));
}

/** A log's entry in the trusted root. */
export function tlogValue(log: TestLog): any {
  return {
    baseUrl: log.baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: keyValue(log.key.publicKey),
    logId: { keyId: encodeBase64(log.logId) },
    ...(log.operator === undefined ? {} : { operator: log.operator }),
  };
}

/** A CT log's entry in the trusted root. */
export function ctlogValue(baseUrl: string, key: TestKey): any {
  const { spki } = key.publicKey;
  const keyId = encodeBase64(new Uint8Array(createHash("sha256").update(spki).digest()));
  const publicKey = keyValue(key.publicKey);
  return { baseUrl, hashAlgorithm: "SHA2_256", publicKey, logId: { keyId } };
}

/** A timestamp authority's entry in the trusted root: leaf first. */
export function tsaValue(uri: string, chain: readonly TestAuthority[]): any {
  return authorityValue(
    uri,
    chain.map(({ certificate }) => certificate),
  );
}

/** A CA's entry in the trusted root. */
export function authorityValue(uri: string, chain: readonly Uint8Array[]): any {
  return {
    subject: { organization: "test", commonName: "test" },
    uri,
    certChain: { certificates: chain.map((der) => ({ rawBytes: encodeBase64(der) })) },
    validFor: { start: "2029-01-01T00:00:00Z" },
  };
}

function keyValue(key: PublicKey): any {
  return {
    rawBytes: encodeBase64(key.spki),
    keyDetails: keyDetailsOf(key),
    validFor: { start: "2029-01-01T00:00:00Z" },
  };
}

/** How a bundle is made; by default a v0.3 message bundle with certificate and Rekor v1 entry. */
export interface TestBundleOptions {
  readonly version?: "0.1" | "0.2" | "0.3";
  readonly content?: "message" | "envelope";
  readonly artifact?: Uint8Array;
  /** Certificate of the signer, with its key. Default: a new leaf. */
  readonly leaf?: TestCertificate;
  /** Signs without a certificate. */
  readonly key?: TestKey;
  /** Signs in the place of the certificate's key or of `key`. */
  readonly signWith?: TestKey;
  readonly scheme?: SignatureScheme;
  /** Name in the PublicKeyDetails registry. Default: the key's own. */
  readonly keyDetails?: string;
  /** Replaces fields of the Statement. */
  readonly statement?: Readonly<Record<string, unknown>>;
  readonly payload?: Uint8Array;
  readonly payloadType?: string;
  /** Which log takes the signature, where `entries` does not say. Default 1. */
  readonly rekor?: 1 | 2;
  readonly entries?: readonly Partial<TestEntryOptions>[];
  /** Default: one where the log is v2, none where it is v1. */
  readonly timestamps?: readonly TestStampOptions[];
  /** Changes the JSON value at last. */
  readonly edit?: (bundle: any) => void;
}

export interface TestStampOptions extends TestTimestampOptions {
  readonly authority?: TestAuthority;
  /** Stamped in place of the signature. */
  readonly stamped?: Uint8Array;
  readonly editDer?: (der: Uint8Array) => Uint8Array;
}

/** A bundle and what it was made of. */
export interface TestBundle {
  /** The JSON value, to be changed at will. */
  readonly value: any;
  readonly artifact: Uint8Array;
  readonly signing: LoggedSigning;
  /** Of the signer. */
  readonly key: TestKey;
}

const utf8 = new TextEncoder();
export const testArtifact: Uint8Array = utf8.encode("the artifact\n");
export const testPredicateType = "https://example.com/predicate/v1";

/** Signs, logs and stamps. */
export function testBundle(instance: TestInstance, options: TestBundleOptions = {}): TestBundle {
  const { version = "0.3", artifact = testArtifact, rekor = 1 } = options;
  const leaf = options.key ? undefined : (options.leaf ?? testLeaf(instance));
  const key = options.key ?? (leaf as TestCertificate).key;
  const signing = sign(key, leaf, artifact, options);
  const entries = options.entries ?? [{}];
  const defaultLog = rekor === 1 ? instance.rekor1 : instance.rekor2;
  const stamps = options.timestamps ?? (rekor === 1 ? [] : [{}]);
  const tlogEntries = entries.map((entry) => testLogEntry(signing, { log: defaultLog, ...entry }));
  const rfc3161Timestamps = stamps.map((stamp) => stampValue(instance, signing.signature, stamp));
  const value = {
    mediaType: mediaTypes[version],
    verificationMaterial: {
      ...materialValue(version, leaf, key),
      ...(tlogEntries.length > 0 ? { tlogEntries } : {}),
      ...(stamps.length > 0 ? { timestampVerificationData: { rfc3161Timestamps } } : {}),
    },
    ...contentValue(signing),
  };
  options.edit?.(value);
  return { value, artifact, signing, key };
}

const mediaTypes = {
  "0.1": "application/vnd.dev.sigstore.bundle+json;version=0.1",
  "0.2": "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "0.3": "application/vnd.dev.sigstore.bundle.v0.3+json",
} as const;

function sign(
  key: TestKey,
  leaf: TestCertificate | undefined,
  artifact: Uint8Array,
  options: TestBundleOptions,
): LoggedSigning {
  const { content = "message", payloadType = "application/vnd.in-toto+json" } = options;
  const payload =
    content === "message"
      ? new Uint8Array(0)
      : (options.payload ?? utf8.encode(JSON.stringify(statementValue(artifact, options))));
  const message = content === "message" ? artifact : pae(payloadType, payload);
  const scheme = options.scheme ?? defaultScheme(key.type);
  return {
    content,
    signature: signMessage(options.signWith ?? key, message, scheme),
    ...(leaf ? { certificate: leaf.der } : {}),
    spki: key.publicKey.spki,
    keyDetails: options.keyDetails ?? keyDetailsOf(key.publicKey, scheme),
    message,
    payload,
    payloadType,
  };
}

/** Like `testSign`, with Ed25519ph. */
export function signMessage(
  key: TestKey,
  message: Uint8Array,
  scheme: SignatureScheme,
): Uint8Array {
  if (scheme.kind !== "ed25519ph") return testSign(key, message, scheme);
  const { d, x } = key.privateKey.export({ format: "jwk" });
  const digest = new Uint8Array(createHash("sha512").update(message).digest());
  const raw = (text: string | undefined): Uint8Array =>
    new Uint8Array(Buffer.from(text ?? "", "base64url"));
  return signEd25519ph(raw(d), raw(x), digest);
}

function statementValue(artifact: Uint8Array, options: TestBundleOptions): unknown {
  const sha256 = createHash("sha256").update(artifact).digest("hex");
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "artifact", digest: { sha256 } }],
    predicateType: testPredicateType,
    predicate: {},
    ...options.statement,
  };
}

function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8.encode(payloadType);
  const head = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `;
  return new Uint8Array(Buffer.concat([Buffer.from(head), payload]));
}

function stampValue(instance: TestInstance, signature: Uint8Array, stamp: TestStampOptions): any {
  const { authority = instance.tsa, stamped = signature, editDer, ...options } = stamp;
  const der = buildTimestamp(authority, stamped, { genTime: testSigningTime, ...options });
  return { signedTimestamp: encodeBase64(editDer?.(der) ?? der) };
}

function materialValue(version: string, leaf: TestCertificate | undefined, key: TestKey): any {
  if (!leaf) {
    const hint = createHash("sha256").update(key.publicKey.spki).digest("base64");
    return { publicKey: { hint } };
  }
  const certificate = { rawBytes: encodeBase64(leaf.der) };
  if (version === "0.3") return { certificate };
  return { x509CertificateChain: { certificates: [certificate] } };
}

function contentValue(signing: LoggedSigning): any {
  const signature = encodeBase64(signing.signature);
  if (signing.content === "envelope") {
    const { payload, payloadType } = signing;
    const signatures = [{ sig: signature }];
    return { dsseEnvelope: { payload: encodeBase64(payload), payloadType, signatures } };
  }
  const digest = createHash("sha256").update(signing.message).digest("base64");
  return { messageSignature: { messageDigest: { algorithm: "SHA2_256", digest }, signature } };
}

/** Name of a key's algorithm in the PublicKeyDetails registry. */
function keyDetailsOf(key: PublicKey, scheme?: SignatureScheme): string {
  switch (key.type) {
    case "ed25519":
      return scheme?.kind === "ed25519ph" ? "PKIX_ED25519_PH" : "PKIX_ED25519";
    case "rsa": {
      const padding = scheme?.kind === "rsa-pss" ? "PSS" : "PKCS1V15";
      return `PKIX_RSA_${padding}_${key.modulusBits}_SHA256`;
    }
    case "ec": {
      const bits = { "P-256": 256, "P-384": 384, "P-521": 512 }[key.curve];
      const hash = scheme?.kind === "ecdsa" ? scheme.hash.slice(3) : String(bits);
      return `PKIX_ECDSA_${key.curve.replace("-", "")}_SHA_${hash}`;
    }
  }
}
