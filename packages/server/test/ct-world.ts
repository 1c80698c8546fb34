// SPDX-License-Identifier: Apache-2.0
// A CT log on loopback, an authority that it accepts, and certificates of that.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { uintBytes } from "@chancery/formats/bytes";
import { algorithmByName, type MessageSigner } from "@chancery/formats/crypto";
import { generatePrivateKey, messageSigner, type PrivateKey } from "@chancery/formats/crypto/node";
import {
  authorityKeyIdentifierExtension,
  type Certificate,
  type CertificateIssuer,
  decodeCertificate,
  emptyName,
  encodeName,
  extendedKeyUsageExtension,
  keyPurposes,
  keyUsageExtension,
  makeIntermediateCertificate,
  makeRootCertificate,
  type NamedExtension,
  poisonExtension,
  signCertificate,
  subjectAltNameExtension,
} from "@chancery/formats/x509";
import { type Log, openLog, type OpenLogOptions } from "@chancery/log";
import { pino } from "pino";
import { AcceptedRoots, addCtLog, type CtLog, type CtLogOptions } from "../src/ct/index.ts";
import { createApp, ServerMetrics } from "../src/http/index.ts";

export const origin = "ct.test/ct";

/** As logs take them unless they are told otherwise. */
export const codeSigning = "1.3.6.1.5.5.7.3.3";

export function p256(): PrivateKey {
  return generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
}

export function signerOf(key: PrivateKey = p256()): MessageSigner {
  return messageSigner(key);
}

const validity = { notBefore: new Date("2030-01-01"), notAfter: new Date("2040-01-01") };
const leafKey = p256();
let serial = 1;

export interface Authority {
  readonly root: CertificateIssuer;
  readonly intermediate: CertificateIssuer;
}

/** Keys and certificates of an authority. Two of one name differ in their keys. */
export async function newAuthority(name = "ct test"): Promise<Authority> {
  const [rootSigner, signer] = [signerOf(), signerOf()];
  const describe = (commonName: string): Parameters<typeof makeRootCertificate>[0] => ({
    serialNumber: uintBytes(serial++, 8),
    subject: encodeName([
      ["O", name],
      ["CN", commonName],
    ]),
    ...validity,
  });
  const root = {
    certificate: await makeRootCertificate(describe("root"), rootSigner),
    signer: rootSigner,
  };
  const description = { ...describe("intermediate"), publicKey: signer.publicKey };
  const usage = "code-signing" as const;
  const certificate = await makeIntermediateCertificate({ ...description, usage }, root);
  return { root, intermediate: { certificate, signer } };
}

export interface LeafOptions {
  readonly poison?: boolean;
  readonly purposes?: readonly string[];
  readonly extensions?: readonly NamedExtension[];
  readonly notAfter?: Date;
}

/** The parts of a leaf, each with a serial number of its own. */
export function leafParts(
  { certificate: issuer }: CertificateIssuer,
  options: LeafOptions = {},
): Parameters<typeof signCertificate>[0] {
  const { poison = false, purposes = [keyPurposes.codeSigning], extensions = [] } = options;
  return {
    serialNumber: uintBytes(serial++, 8),
    issuer: issuer.subject,
    subject: emptyName,
    notBefore: validity.notBefore,
    notAfter: options.notAfter ?? validity.notAfter,
    publicKey: leafKey.publicKey,
    extensions: [
      keyUsageExtension(["digitalSignature"]),
      ...(purposes.length > 0 ? [extendedKeyUsageExtension({ critical: false, purposes })] : []),
      authorityKeyIdentifierExtension(issuer),
      subjectAltNameExtension([{ kind: "email", value: "a@example.com" }], true),
      ...extensions,
      ...(poison ? [poisonExtension] : []),
    ],
  };
}

export async function newLeaf(
  issuer: CertificateIssuer,
  options: LeafOptions = {},
): Promise<Certificate> {
  return decodeCertificate(await signCertificate(leafParts(issuer, options), issuer.signer));
}

/** A chain as Fulcio submits it: leaf, intermediate, root. */
export async function newChain(
  { root, intermediate }: Authority,
  options: LeafOptions = {},
): Promise<[leaf: Uint8Array, intermediate: Uint8Array, root: Uint8Array]> {
  const leaf = await newLeaf(intermediate, options);
  return [leaf.der, intermediate.certificate.der, root.certificate.der];
}

export interface CtWorld {
  readonly ct: CtLog;
  readonly log: Log;
  /** Of the log, with its prefix. */
  readonly url: string;
  readonly authority: Authority;
  readonly signer: MessageSigner;
}

export interface CtWorldOptions extends Partial<CtLogOptions> {
  readonly limits?: OpenLogOptions["limits"];
  readonly bodySizeBytesMax?: number;
}

export async function openedCtLog(
  t: Pick<TestContext, "after">,
  key: PrivateKey,
  limits: OpenLogOptions["limits"] = {},
): Promise<Log> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-ct-"));
  const log = await openLog({ folder, origin, format: "ct", signer: key, limits });
  t.after(async () => {
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return log;
}

/** A log that takes certificates for code signing of its own authority. */
export async function startedCt(
  t: Pick<TestContext, "after">,
  { limits, ...options }: CtWorldOptions = {},
): Promise<CtWorld> {
  const key = p256();
  const authority = await newAuthority();
  const roots = new AcceptedRoots();
  roots.set("test", [authority.root.certificate]);
  const log = await openedCtLog(t, key, limits);
  const signer = signerOf(key);
  const app = createApp({
    logger: pino({ level: "silent" }),
    metrics: new ServerMetrics("test"),
  });
  const ct = await addCtLog(app, {
    log,
    signer,
    origin,
    roots,
    purposes: [codeSigning],
    ...options,
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  t.after(() => app.close());
  return { ct, log, url: `${url}/ct`, authority, signer };
}
