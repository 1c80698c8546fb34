// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { encodeBase64 } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { spkiKeyId } from "@chancery/formats/note";
import { describeLog, type TransparencyLog } from "@chancery/formats/trust";
import { type Certificate, decodeCertificatesPem } from "@chancery/formats/x509";
import type { Log } from "@chancery/log";
import { AcceptedRoots, addCtLog, type CtLog } from "../../ct/index.ts";
import { ServiceError } from "../../errors.ts";
import type { SctSource } from "../../fulcio/index.ts";
import { StackError } from "../errors.ts";
import { readText } from "../files.ts";
import { firstCtKey, type OpenCtLog, openCtLogs } from "./ct-logs.ts";
import type { OpenService, StackContext, StackService } from "./service.ts";

/** The log of certificates, for an authority in the same process. */
export interface CtApi extends SctSource {
  /** Takes chains of these roots from now on, in the place of those before. */
  acceptRoots(roots: readonly Certificate[]): void;
}

/** The log of certificates. */
export const ct: StackService<CtApi> = {
  name: "ct",
  generations: [firstCtKey],
  open: openCt,
};

const rootsPollMs = 10_000;

async function openCt(context: StackContext): Promise<OpenService<CtApi>> {
  const { config, metrics } = context;
  const roots = new AcceptedRoots();
  const following = await followRoots(context, roots);
  const { current, former } = await openCtLogs(context);
  const { log, origin, prefix, signer } = current;
  const { publicKey } = signer;
  metrics.gauge("chancery_ct_log_size", "Entries in the log of certificates", async () => {
    return (await log.metrics()).size;
  });
  let served: CtLog | undefined;
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
      for (const old of former) await addCtLog(app, { ...old, roots, purposes, frozen: true });
      served = await addCtLog(app, { log, signer, origin, roots, prefix, purposes });
    },
    trust: (url) => ({ ctlogs: [...former, current].map((one) => describe(one, url)) }),
    notReady: () => problemOf(log),
    facts: () => ({ ctLogId: encodeBase64(spkiKeyId(publicKey)), ctOrigin: origin }),
    usage: ({ url }) => ({ places: [["certificate log", `${url}${prefix}`]] }),
    close: async () => {
      clearInterval(following);
      for (const one of [current, ...former]) await one.log.close();
    },
  };
}

function describe({ prefix, signer, validFor }: OpenCtLog, url: string): TransparencyLog {
  return describeLog({ baseUrl: `${url}${prefix}`, publicKey: signer.publicKey, validFor });
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

/** Why the log cannot be used; undefined where it can. */
async function problemOf(log: Log): Promise<string | undefined> {
  try {
    await log.metrics();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
