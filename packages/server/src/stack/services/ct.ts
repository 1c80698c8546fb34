// SPDX-License-Identifier: Apache-2.0
import { mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { encodeBase64 } from "@chancery/formats/bytes";
import { messageSigner, type PrivateKey } from "@chancery/formats/crypto/node";
import { FormatError } from "@chancery/formats/errors";
import { ObjectDecoder, parseJson } from "@chancery/formats/json";
import { isNoteKeyName, spkiKeyId } from "@chancery/formats/note";
import { describeLog } from "@chancery/formats/trust";
import { type Certificate, decodeCertificatesPem } from "@chancery/formats/x509";
import { type Log, openLog } from "@chancery/log";
import { AcceptedRoots, addCtLog, type CtLog } from "../../ct/index.ts";
import { ServiceError } from "../../errors.ts";
import type { SctSource } from "../../fulcio/index.ts";
import { StackError } from "../errors.ts";
import { readText, writeWhole } from "../files.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

/** The log of certificates, for an authority in the same process. */
export interface CtApi extends SctSource {
  /** Takes chains of these roots from now on, in the place of those before. */
  acceptRoots(roots: readonly Certificate[]): void;
}

/** The log of certificates. */
export const ct: StackService<CtApi> = { name: "ct", open: openCt };

const keyName = "ct";
const algorithm = "PKIX_ECDSA_P256_SHA_256";
const prefix = "/ct";
/** The log itself, and what it is known by, in a data directory. */
const [logFolder, identityFile] = [join("ct", "log"), join("ct", "log.json")] as const;
/** Timestamps of the first certificates must fall into the time for which the log is trusted. */
const beforeMs = 60_000;
const rootsPollMs = 10_000;

interface CtIdentity {
  /** First line of checkpoints, for ever. */
  readonly origin: string;
  /** From when on it is to be trusted. */
  readonly since: Date;
}

async function openCt(context: StackContext): Promise<OpenService<CtApi>> {
  const { dataDirectory, config, keys, metrics, hostname } = context;
  const folder = join(dataDirectory, logFolder);
  const known = await readIdentity(join(dataDirectory, identityFile));
  const mayMake = known === undefined && !existsSync(join(folder, "log.db"));
  const key = await keys.open(keyName, algorithm, { mayMake });
  const identity = known ?? (await makeIdentity(dataDirectory, hostname, mayMake));
  const { origin, since } = identity;
  const roots = new AcceptedRoots();
  const following = await followRoots(context, roots);
  const log = await openEntries(folder, origin, key, context);
  metrics.gauge("chancery_ct_log_size", "Entries in the log of certificates", async () => {
    return (await log.metrics()).size;
  });
  let served: CtLog | undefined;
  const { publicKey } = key;
  return {
    api: {
      publicKey,
      submit: async (chain) => {
        if (!served) throw new Error("the log of certificates is not served yet");
        return submit(served, chain);
      },
      acceptRoots: (accepted) => roots.set("authority", accepted),
    },
    addRoutes: async (app) => {
      const { purposes } = config.ct;
      const signer = messageSigner(key);
      served = await addCtLog(app, { log, signer, origin, roots, prefix, purposes });
    },
    trust: (url) => {
      const baseUrl = `${url}${prefix}`;
      return { ctlogs: [describeLog({ baseUrl, publicKey, validFor: { start: since } })] };
    },
    notReady: () => problemOf(log),
    facts: () => ({ ctLogId: encodeBase64(spkiKeyId(publicKey)), ctOrigin: origin }),
    usage: ({ url }) => ({ places: [["certificate log", `${url}${prefix}`]] }),
    close: async () => {
      clearInterval(following);
      await log.close();
    },
  };
}

async function openEntries(
  folder: string,
  origin: string,
  key: PrivateKey,
  { logger }: StackContext,
): Promise<Log> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return openLog({
    folder,
    origin,
    format: "ct",
    signer: key,
    onError: (error) => logger.error({ err: error }, "the log of certificates reports an error"),
  });
}

/** As an authority is told of refusals. */
async function submit(log: CtLog, chain: readonly Uint8Array[]): ReturnType<SctSource["submit"]> {
  try {
    return await log.submit(chain, "precertificate");
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    const { CtLogError } = await import("../../fulcio/index.ts");
    const code = cause.code === "invalid" ? "refused" : "unavailable";
    throw new CtLogError(code, cause.message, { cause });
  }
}

/** The roots of the file that is configured, which is read again when it changes. */
async function followRoots(
  { dataDirectory, config, logger }: StackContext,
  roots: AcceptedRoots,
): Promise<NodeJS.Timeout | undefined> {
  if (config.ct.roots === undefined) return undefined;
  const path = resolve(dataDirectory, config.ct.roots);
  let text = await readText(path);
  if (text === undefined) throw new StackError("configuration", `ct.roots: ${path} is missing`);
  try {
    roots.set("file", decodeCertificatesPem(text));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("configuration", `ct.roots: ${path}: ${cause.message}`, { cause });
  }
  const reread = async (): Promise<void> => {
    const now = await readText(path);
    if (now === undefined || now === text) return;
    text = now;
    roots.set("file", decodeCertificatesPem(now));
    logger.info({ path, roots: roots.certificates.length }, "other roots are accepted from now on");
  };
  const report = (err: unknown): void =>
    logger.error({ err, path }, "the roots of the log of certificates stay as they were");
  return setInterval(() => void reread().catch(report), rootsPollMs).unref();
}

async function makeIdentity(
  directory: string,
  hostname: string,
  mayMake: boolean,
): Promise<CtIdentity> {
  const path = join(directory, identityFile);
  if (!mayMake) {
    const message = `${path} is missing, but there is a log of certificates: restore it`;
    throw new StackError("identity", message);
  }
  const identity = { origin: `${hostname}${prefix}`, since: new Date(Date.now() - beforeMs) };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const text = { origin: identity.origin, since: identity.since.toISOString() };
  await writeWhole(path, `${JSON.stringify(text, undefined, 2)}\n`);
  return identity;
}

async function readIdentity(path: string): Promise<CtIdentity | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  try {
    const identity = new ObjectDecoder(parseJson(text, "identity"), "identity");
    const [origin, since] = [identity.string("origin"), identity.time("since")];
    if (!isNoteKeyName(origin)) throw identity.error("malformed", "origin", "cannot name a log");
    return { origin, since };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("identity", `${path}: ${cause.message}`, { cause });
  }
}

/** Why the log cannot be used; undefined where it can. */
async function problemOf(log: Log): Promise<string | undefined> {
  try {
    await log.metrics();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
