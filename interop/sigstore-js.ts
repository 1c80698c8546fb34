// SPDX-License-Identifier: Apache-2.0
// The sigstore-js packages as installed by peers.ts, with the types of what is used here.
import type * as BundleModule from "@sigstore/bundle";
import type * as ProtobufModule from "@sigstore/protobuf-specs";
import type * as VerifyModule from "@sigstore/verify";
import type { KeyObject } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { peer } from "./peers.ts";

export interface SigstoreJs {
  readonly bundle: typeof BundleModule;
  readonly core: { readonly crypto: { createPublicKey(pem: string): KeyObject } };
  readonly mock: MockModule;
  readonly protobuf: typeof ProtobufModule;
  readonly sign: SignModule;
  readonly verify: typeof VerifyModule;
}

/** What is used of @sigstore/sign. */
export interface SignModule {
  readonly DSSEBundleBuilder: BuilderClass;
  readonly MessageSignatureBundleBuilder: BuilderClass;
  readonly FulcioSigner: new (options: {
    fulcioBaseURL: string;
    identityProvider: { getToken(): Promise<string> };
  }) => SignerOfJs;
  readonly RekorWitness: new (options: {
    rekorBaseURL: string;
    entryType?: "dsse" | "intoto";
    majorApiVersion?: number;
  }) => Witness;
  readonly TSAWitness: new (options: { tsaBaseURL: string }) => Witness;
}

export interface SignerOfJs {
  sign(data: Buffer): Promise<{
    signature: Buffer;
    key:
      | { $case: "x509Certificate"; certificate: string }
      | { $case: "publicKey"; publicKey: string; hint?: string };
  }>;
}
export interface Witness {
  testify(content: unknown, publicKey: string): Promise<unknown>;
}
type BuilderClass = new (options: {
  signer: SignerOfJs;
  witnesses: Witness[];
  certificateChain?: boolean;
}) => { create(artifact: { data: Buffer; type?: string }): Promise<BundleModule.Bundle> };

/** What is used of @sigstore/mock: services as functions from a request's body to a reply. */
export interface MockModule {
  initializeCTLog(keys: KeyPair): Promise<MockCtLog>;
  initializeCA(keys: KeyPair, ctLog: MockCtLog): Promise<{ readonly rootCertificate: Buffer }>;
  initializeTLog(url: string, keys: KeyPair): Promise<{ readonly publicKey: Buffer }>;
  initializeTSA(keys: KeyPair): Promise<MockTsa>;
  fulcioHandler(ca: unknown, options?: { subjectClaim?: string }): MockHandler;
  rekorHandler(log: unknown): MockHandler;
  tsaHandler(tsa: unknown): MockHandler;
}
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}
interface MockCtLog {
  readonly publicKey: Buffer;
  readonly logID: ArrayBuffer | Uint8Array;
}
interface MockTsa {
  readonly rootCertificate: Buffer;
  readonly intCertificate: Buffer;
}
export interface MockHandler {
  readonly fn: (body: string | Buffer) => Promise<{
    readonly statusCode: number;
    readonly response: string | Uint8Array;
    readonly contentType?: string;
  }>;
}

/** What is used of the package `sigstore`, which finds its trusted root by TUF. */
export interface SigstoreJsClient {
  verify(
    bundle: object,
    data: Buffer,
    options: {
      readonly tufMirrorURL: string;
      readonly tufRootPath: string;
      readonly tufCachePath: string;
      /** A regular expression. */
      readonly certificateIdentityEmail: string;
      readonly certificateIssuer: string;
    },
  ): Promise<unknown>;
}

/** Loads it. @throws Error as `peer("sigstore-js")` */
export function sigstoreJsClient(): SigstoreJsClient {
  const load = createRequire(join(peer("sigstore-js").path, "package.json"));
  return load("sigstore") as SigstoreJsClient;
}

let loaded: SigstoreJs | undefined;

/** Loads them. @throws Error as `peer("sigstore-js")` */
export function sigstoreJs(): SigstoreJs {
  if (loaded !== undefined) return loaded;
  const load = createRequire(join(peer("sigstore-js").path, "package.json"));
  loaded = {
    bundle: load("@sigstore/bundle") as typeof BundleModule,
    core: load("@sigstore/core") as SigstoreJs["core"],
    get mock(): MockModule {
      return load("@sigstore/mock") as MockModule;
    },
    protobuf: load("@sigstore/protobuf-specs") as typeof ProtobufModule,
    sign: load("@sigstore/sign") as SignModule,
    verify: load("@sigstore/verify") as typeof VerifyModule,
  };
  return loaded;
}
