// SPDX-License-Identifier: Apache-2.0
import { bytesEqual, decodeUtf8, encodeHex } from "@chancery/formats/bytes";
import { decodePublicKeyPem } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import {
  type AuthorityDescription,
  type CertificateAuthority,
  describeAuthority,
  describeLog,
  describeTimestampAuthority,
  type TransparencyLog,
} from "@chancery/formats/trust";
import { type Certificate, decodeCertificatesPem } from "@chancery/formats/x509";
import { CliError, type Invocation, usageError } from "../framework/index.ts";
import { readWhole } from "../files/index.ts";
import { readPeriod, readSpec, type Spec } from "./spec.ts";

type Needs = Pick<Invocation<unknown>, "io" | "signal">;

const pemBytesMax = 1 << 20;
const logKeys = { required: ["url", "public-key", "start-time"], optional: ["end-time", "origin"] };
const authorityKeys = {
  required: ["url", "certificate-chain"],
  optional: ["start-time", "end-time"],
};

/** `--rekor` or `--ctfe`, as instances of a trusted root. @throws CliError */
export async function readLogs(
  texts: readonly string[],
  flag: string,
  needs: Needs,
): Promise<TransparencyLog[]> {
  const logs: TransparencyLog[] = [];
  for (const text of texts) {
    const log = await readLog(readSpec(text, flag, logKeys), needs);
    if (logs.some(({ logId }) => bytesEqual(logId, log.logId))) {
      throw usageError(
        `${flag}: two logs have the id ${encodeHex(log.logId)}, of which clients keep one`,
        "describe each key once, from its first start-time to its last end-time",
      );
    }
    logs.push(log);
  }
  return logs;
}

/** `--fulcio` or `--tsa`, as instances of a trusted root. @throws CliError */
export async function readAuthorities(
  texts: readonly string[],
  kind: "fulcio" | "tsa",
  needs: Needs,
): Promise<CertificateAuthority[]> {
  const flag = `--${kind}`;
  const found: CertificateAuthority[] = [];
  for (const text of texts) {
    const spec = readSpec(text, flag, authorityKeys);
    const uri = spec.values.get("url") as string;
    const chain = spec.values.get("certificate-chain") as string;
    found.push(await describeChain({ uri, chain, validFor: readPeriod(spec) }, kind, needs));
  }
  return found;
}

/** An authority from the chain in a PEM file. @throws CliError that names the file */
export async function describeChain(
  authority: Pick<AuthorityDescription, "uri" | "validFor"> & { readonly chain: string },
  kind: "fulcio" | "tsa",
  needs: Needs,
): Promise<CertificateAuthority> {
  const { chain, ...rest } = authority;
  const certificates = await readChain(chain, needs);
  const describe = kind === "fulcio" ? describeAuthority : describeTimestampAuthority;
  const order =
    kind === "fulcio"
      ? "the file begins with the certificate that issues and ends with the root, without leaf"
      : "the file begins with the leaf that signs and ends with the root";
  return named(chain, order, () => describe({ ...rest, certificates }));
}

/** A log from the key in a PEM file. @throws CliError that names the file */
export async function describeKey(
  log: { readonly baseUrl: string; readonly start: Date; readonly end?: Date | undefined } & {
    readonly path: string;
    readonly origin?: string | undefined;
  },
  needs: Needs,
): Promise<TransparencyLog> {
  const { baseUrl, path, start, end, origin } = log;
  const pem = await readPem(path, "public key", needs);
  const hint = "name a file with a public key in PEM; an origin is a host name or alike";
  return named(path, hint, () =>
    describeLog({
      baseUrl,
      publicKey: decodePublicKeyPem(pem),
      validFor: end ? { start, end } : { start },
      ...(origin === undefined ? {} : { origin }),
    }),
  );
}

async function readLog(spec: Spec, needs: Needs): Promise<TransparencyLog> {
  const { values } = spec;
  const { start, end } = readPeriod(spec) as { start: Date; end?: Date };
  const baseUrl = values.get("url") as string;
  const path = values.get("public-key") as string;
  return describeKey({ baseUrl, path, start, end, origin: values.get("origin") }, needs);
}

async function readChain(path: string, needs: Needs): Promise<Certificate[]> {
  const pem = await readPem(path, "certificate chain", needs);
  return named(path, "name a file with certificates in PEM", () => decodeCertificatesPem(pem));
}

async function readPem(path: string, what: string, needs: Needs): Promise<string> {
  const bytes = await readWhole(path, what, pemBytesMax, needs);
  return named(path, `name a file with a ${what} in PEM`, () => decodeUtf8(bytes));
}

/** Says in which file the fault is. */
function named<T>(path: string, hint: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const message = `${path}: ${cause.message}`;
    throw new CliError("usage", `format-${cause.code}`, message, { hint, cause });
  }
}
