// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { decodePublicKeyPem, type PublicKey } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import { type CertificateAuthority, describeAuthority } from "@chancery/formats/trust";
import type { Certificate } from "@chancery/formats/x509";
import {
  type Authority,
  authorityAlgorithm,
  AuthorityError,
  httpCtLog,
  makeAuthorityChain,
  openAuthority,
  type SctSource,
} from "../../fulcio/index.ts";
import type { FormerChain } from "../chain-files.ts";
import { StackError } from "../errors.ts";
import { openConfiguredChain, readOperatorFile } from "../operator-chain.ts";
import type { CtApi } from "./ct.ts";
import type { StackContext } from "./service.ts";

/** Of the first generation of keys that are made here. */
export const firstKey = "fulcio";

/** Leaves of a former key may be this young when it is replaced, and live for a day at most. */
const leafMsMax = 86_400_000;

/** The authority that issues, and those that did. */
export interface Authorities {
  readonly current: Authority;
  readonly former: readonly FormerChain[];
}

/**
 * The operator's own authority, else one whose key and certificates the first start makes. One that
 * was made before the operator brought another is a former one then.
 * @throws StackError `key`, naming the file that is wrong
 */
export async function openAuthorities(context: StackContext): Promise<Authorities> {
  const { config, dataDirectory, keys, operator } = context;
  const files = {
    dataDirectory,
    keys,
    keyName: firstKey,
    algorithm: authorityAlgorithm,
    folder: firstKey,
    what: "old certificates",
    make: async (publicKey: PublicKey) => makeAuthorityChain(publicKey, operator, new Date()),
  };
  const { file, signer, chain, former } = await openConfiguredChain(files, config.fulcio);
  return { current: checked(file, chain, signer), former };
}

function checked(
  file: string,
  chain: readonly Certificate[],
  signer: Authority["signer"],
): Authority {
  try {
    return openAuthority(chain, signer);
  } catch (cause) {
    if (!(cause instanceof AuthorityError)) throw cause;
    throw new StackError("key", `${file}: ${cause.message}`, { cause });
  }
}

/** For the trusted root, former ones first. */
export function describeAuthorities(
  { current, former }: Authorities,
  uri: string,
): readonly CertificateAuthority[] {
  const older = former.map(({ chain: certificates, until }) => {
    const end = until && new Date(until.getTime() + leafMsMax);
    return describeAuthority({ uri, certificates, validFor: { end } });
  });
  return [...older, describeAuthority({ uri, certificates: current.chain })];
}

/**
 * The log of certificates: that which is configured, else that of the stack, which is told to take
 * what the authority issues; undefined where there is none.
 * @throws StackError `key` for a public key that cannot be read
 */
export async function openLog(
  { config, dataDirectory }: StackContext,
  own: CtApi | undefined,
  { current, former }: Authorities,
): Promise<SctSource | undefined> {
  const { ctLogUrl: url, ctLogKey } = config.fulcio;
  const roots = [current.chain, ...former.map(({ chain }) => chain)].flatMap(
    (chain) => chain.at(-1) ?? [],
  );
  own?.acceptRoots(roots);
  if (url === undefined || ctLogKey === undefined) return own;
  const path = resolve(dataDirectory, ctLogKey);
  const place = { dataDirectory, section: firstKey };
  try {
    return httpCtLog({
      url,
      publicKey: decodePublicKeyPem(await readOperatorFile(place, ctLogKey)),
    });
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new StackError("key", `fulcio.ctLogKey: ${path}: ${cause.message}`, { cause });
  }
}
