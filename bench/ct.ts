// SPDX-License-Identifier: Apache-2.0
// Submissions to a log of certificates in one process: each a new precertificate of an authority
// whose chain is verified, logged durably, and answered with a signed timestamp. Beside them what
// their signatures alone cost: one verified, one made.
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { uintBytes } from "@chancery/formats/bytes";
import { algorithmByName } from "@chancery/formats/crypto";
import { generatePrivateKey, messageSigner, type PrivateKey } from "@chancery/formats/crypto/node";
import {
  authorityKeyIdentifierExtension,
  type Certificate,
  type CertificateIssuer,
  emptyName,
  encodeName,
  extendedKeyUsageExtension,
  keyPurposes,
  keyUsageExtension,
  makeIntermediateCertificate,
  makeRootCertificate,
  poisonExtension,
  signCertificate,
  subjectAltNameExtension,
} from "@chancery/formats/x509";
import { openLog } from "@chancery/log";
import { AcceptedRoots, CtLog } from "../packages/server/src/ct/index.ts";
import { type Bench, type Figure, moreIsBetter, round } from "./bench.ts";
import { measure, summary } from "./measure.ts";

const rounds = 5;
const perRound = 5000;
const waitingAtOnce = 256;
const origin = "bench.example/ct";

/** Rate of new precertificates, and of ones that are logged already. */
export const ctBench: Bench = {
  name: "ct",
  what:
    "submissions to a log of certificates, in process: a P-256 precertificate verified, logged " +
    "durably, answered with an SCT; wall time",
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
    try {
      return figures(await rates(folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Rates {
  /** A second, by rounds. */
  readonly fresh: readonly number[];
  readonly again: readonly number[];
}

async function rates(folder: string): Promise<Rates> {
  const key = newKey();
  const log = await openLog({ folder: join(folder, "ct"), origin, format: "ct", signer: key });
  try {
    const { root, intermediate } = await newAuthority();
    const roots = new AcceptedRoots();
    roots.set("bench", [root]);
    const purposes = [keyPurposes.codeSigning];
    const ct = new CtLog({ log, signer: messageSigner(key), origin, roots, purposes });
    const above = [intermediate.certificate.der, root.der];
    const [fresh, again]: number[][] = [[], []];
    for (let turn = 0; turn <= rounds; turn++) {
      const leaves = await precertificates(intermediate, turn * perRound);
      const first = await submitAll(ct, leaves, above);
      const second = await submitAll(ct, leaves, above);
      if (turn === 0) continue; // warms up
      fresh?.push(first);
      again?.push(second);
    }
    return { fresh: fresh ?? [], again: again ?? [] };
  } finally {
    await log.close();
  }
}

/** @returns submissions a second */
async function submitAll(
  ct: CtLog,
  leaves: readonly Uint8Array[],
  above: readonly Uint8Array[],
): Promise<number> {
  const started = performance.now();
  let next = 0;
  const submitter = async (): Promise<void> => {
    for (let leaf = leaves[next++]; leaf; leaf = leaves[next++]) {
      await ct.submit([leaf, ...above], "precertificate");
    }
  };
  await Promise.all(Array.from({ length: waitingAtOnce }, submitter));
  return (1000 * leaves.length) / (performance.now() - started);
}

async function newAuthority(): Promise<{
  readonly root: Certificate;
  readonly intermediate: CertificateIssuer;
}> {
  const [rootSigner, signer] = [messageSigner(newKey()), messageSigner(newKey())];
  const now = Date.now();
  const description = (
    serial: number,
    name: string,
  ): Parameters<typeof makeRootCertificate>[0] => ({
    serialNumber: Uint8Array.of(serial),
    subject: encodeName([["CN", name]]),
    notBefore: new Date(now),
    notAfter: new Date(now + 3_600_000),
  });
  const root = await makeRootCertificate(description(1, "root"), rootSigner);
  const certificate = await makeIntermediateCertificate(
    {
      ...description(2, "intermediate"),
      publicKey: signer.publicKey,
      usage: "code-signing",
    },
    { certificate: root, signer: rootSigner },
  );
  return { root, intermediate: { certificate, signer } };
}

async function precertificates(
  { certificate, signer }: CertificateIssuer,
  from: number,
): Promise<Uint8Array[]> {
  const { publicKey } = newKey();
  const { notBefore, notAfter, subject: issuer } = certificate;
  const extensions = [
    keyUsageExtension(["digitalSignature"]),
    extendedKeyUsageExtension({ critical: false, purposes: [keyPurposes.codeSigning] }),
    authorityKeyIdentifierExtension(certificate),
    subjectAltNameExtension([{ kind: "email", value: "release@example.com" }], true),
    poisonExtension,
  ];
  const subject = emptyName;
  return Promise.all(
    Array.from({ length: perRound }, (_, i) => {
      const serialNumber = uintBytes(from + i + 1, 8);
      const tbs = { serialNumber, issuer, subject, notBefore, notAfter, publicKey, extensions };
      return signCertificate(tbs, signer);
    }),
  );
}

/** CPU time of what OpenSSL does for one submission. */
function signaturesUs(): number {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const message = Buffer.alloc(500, 7);
  const signature = sign("sha256", message, privateKey);
  const { signing, verifying } = measure({
    signing: () => void sign("sha256", message, privateKey),
    verifying: () => void verify("sha256", message, publicKey, signature),
  });
  return signing.best + verifying.best;
}

function figures({ fresh, again }: Rates): Figure[] {
  const cores = availableParallelism();
  const us = signaturesUs();
  const peer = round((cores * 1e6) / us);
  const peer_name = `their signatures alone, ${round(us)} us, on ${cores} cores`;
  const figure = (bench: string, all: readonly number[], note: string): Figure => {
    const { best, median } = summary(all.map((rate) => -rate));
    const [ours, middle] = [round(-best), round(-median)];
    const unit = "submissions/s";
    return moreIsBetter({ bench, unit, ours, median: middle, peer, peer_name, note });
  };
  const waiting = `${waitingAtOnce} at a time`;
  return [
    figure("ct-submissions-per-s", fresh, waiting),
    figure("ct-submissions-per-s/duplicate", again, `${waiting}, logged already`),
  ];
}

function newKey(): PrivateKey {
  return generatePrivateKey(algorithmByName("PKIX_ECDSA_P256_SHA_256"));
}
