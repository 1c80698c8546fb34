// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "@chancery/formats/bytes";
import { addRootSignature } from "@chancery/server";
import { readWhole, writeOutput } from "../files/index.ts";
import { type Invocation, usageError } from "../framework/index.ts";
import { openKeySigner } from "../keys/index.ts";

export interface TrustSignRootFlags {
  readonly key?: string;
  readonly passwordFile?: string;
}

const rootBytesMax = 512_000;
const publicMode = 0o644;

/** Adds a signature to a root. */
export async function trustSignRootAction(
  invocation: Invocation<TrustSignRootFlags>,
): Promise<void> {
  const { args, flags, io, report } = invocation;
  const [file = ""] = args;
  const { key: reference, passwordFile } = flags;
  if (reference === undefined) {
    throw usageError("sign-root needs a key", `chancery trust sign-root ${file} --key root.pem`);
  }
  const text = decodeUtf8(await readWhole(file, "root", rootBytesMax, invocation));
  const signer = await openKeySigner({ io, reference, passwordFile });
  const signed = await addRootSignature(text, signer);
  await writeOutput(file, signed.text, { io }, publicMode);
  const { version, expires, roles } = signed.root;
  const roleKeys = Object.entries(roles).map(
    ([role, { keyids, threshold }]) => [role, { keyids: [...keyids], threshold }] as const,
  );
  const { isRootKey } = signed;
  const until = expires.toISOString();
  report.result({ version, expires: until, roles: Object.fromEntries(roleKeys), isRootKey });
  report.say(`Root version ${version}, until ${until}`);
  for (const [role, { keyids, threshold }] of roleKeys) {
    report.say(`${role}: ${threshold} of ${keyids.join(", ")}`);
  }
  if (!isRootKey) {
    report.say("This key is no root key of this version; it counts if it was one before");
  }
}
