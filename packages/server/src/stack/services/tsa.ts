// SPDX-License-Identifier: Apache-2.0
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PublicKey } from "@chancery/formats/crypto";
import { messageSigner } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { describeTimestampAuthority } from "@chancery/formats/trust";
import {
  type Certificate,
  decodeCertificatesPem,
  encodeCertificatePem,
} from "@chancery/formats/x509";
import type { ServedTimestampAuthority } from "../../tsa/index.ts";
import { StackError } from "../errors.ts";
import { readText, writeWhole } from "../files.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

/** The timestamp authority. */
export const tsa: StackService<never> = { name: "tsa", open: openTsa };

const keyName = "tsa";
const algorithm = "PKIX_ECDSA_P256_SHA_256";
/** Of the certificates in a data directory, leaf first. Public, but whoever changes it stops us. */
const chainFile = join("tsa", "chain.pem");
const path = "/api/v1/timestamp";

async function openTsa(context: StackContext): Promise<OpenService<never>> {
  const { keys, logger, metrics, operator } = context;
  const { addTimestampAuthority, TimestampChainError } = await import("../../tsa/index.ts");
  const file = join(context.dataDirectory, chainFile);
  const text = await readText(file);
  if (text === undefined && keys.has(keyName)) {
    const message =
      `${file} is missing, but there is its key: restore it from a backup, or out of the trusted ` +
      `root; where no timestamp was ever made, remove the key ${keyName}.pem`;
    throw new StackError("key", message);
  }
  const key = await keys.open(keyName, algorithm, { mayMake: text === undefined });
  const signer = messageSigner(key);
  const chain =
    text === undefined ? await makeChain(file, signer.publicKey, operator) : readChain(file, text);
  let authority: ServedTimestampAuthority | undefined;
  return {
    addRoutes: async (app) => {
      try {
        authority = await addTimestampAuthority(app, { signer, chain, metrics, logger });
      } catch (cause) {
        if (!(cause instanceof TimestampChainError)) throw cause;
        throw new StackError("key", `${file}: ${cause.message}`, { cause });
      }
    },
    trust: (base) => {
      const described = describeTimestampAuthority({ uri: `${base}${path}`, certificates: chain });
      const { uri: url, validFor } = described;
      return {
        timestampAuthorities: [described],
        tsaUrls: [{ url, majorApiVersion: 1, validFor: { start: validFor.start }, operator }],
      };
    },
    notReady: async () => authority?.problem(),
    usage: ({ url }) => ({ places: [["timestamps", `${url}${path}`]] }),
    close: async () => authority?.close(),
  };
}

async function makeChain(
  file: string,
  publicKey: PublicKey,
  operator: string,
): Promise<readonly Certificate[]> {
  const { makeTimestampChain } = await import("../../tsa/index.ts");
  const chain = await makeTimestampChain(publicKey, operator, new Date());
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeWhole(file, chain.map(encodeCertificatePem).join(""));
  return chain;
}

function readChain(file: string, text: string): readonly Certificate[] {
  try {
    return decodeCertificatesPem(text);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("key", `${file}: ${cause.message}`, { cause });
  }
}
