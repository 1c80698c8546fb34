// SPDX-License-Identifier: Apache-2.0
import { decodeUtf8 } from "@chancery/formats/bytes";
import { importRoot } from "@chancery/server";
import { readWhole } from "../files/index.ts";
import type { Invocation } from "../framework/index.ts";
import { stoppedStack } from "./trust-data.ts";

export interface TrustImportRootFlags {
  readonly data: string;
}

const rootBytesMax = 512_000;

/** Publishes a signed root. */
export async function trustImportRootAction(
  invocation: Invocation<TrustImportRootFlags>,
): Promise<void> {
  const { args, report } = invocation;
  const [file = ""] = args;
  const text = decodeUtf8(await readWhole(file, "root", rootBytesMax, invocation));
  const { published } = await importRoot(await stoppedStack(invocation), text);
  report.result({ published: [...published] });
  report.say(`Published: ${published.join(", ")}`);
}
