// SPDX-License-Identifier: Apache-2.0
import {
  type Bundle,
  bundleFromLegacy,
  bundleLimits,
  bundleToJson,
  decodeBundle,
  decodeLegacyBundle,
  encodeBundle,
  upgradeBundle,
} from "@chancery/formats/bundle";
import { decodeUtf8 } from "@chancery/formats/bytes";
import { FormatError } from "@chancery/formats/errors";
import { isObject, parseJson } from "@chancery/formats/json";
import { decodeCertificate, nameToString } from "@chancery/formats/x509";
import { CliError, type Invocation, plainJson, usageError } from "../framework/index.ts";
import {
  allowDocument,
  type DocumentFlags,
  emitDocument,
  readWhole,
  shellWord,
} from "../files/index.ts";

export interface BundleUpgradeFlags extends DocumentFlags {
  readonly rekorUrl?: string;
}

type Needs = Invocation<BundleUpgradeFlags>;

const bundleMode = 0o600;

/** Writes the same bundle in a newer version. */
export async function bundleUpgradeAction(invocation: Needs): Promise<void> {
  const { args, report } = invocation;
  const [label = ""] = args;
  await allowDocument(invocation);
  const { sizeBytesMax, depthMax } = bundleLimits;
  const bytes = await readWhole(label, "bundle", sizeBytesMax, invocation);
  const value = parseJson(bytes, "bundle", { sizeBytesMax, depthMax });
  if (isObject(value) && "base64Signature" in value) {
    const bundle = fromLegacy(bytes, label);
    report.say("The bundle is of version 0.1: it has the log's promise, and no proof");
    await emit(bundle, encodeBundle(bundle), invocation);
    return;
  }
  const before = decodeBundle(bytes);
  if (before.version === "0.3") {
    report.say(`${label} is of version 0.3 already`);
    await emit(before, decodeUtf8(bytes), invocation);
    return;
  }
  const { bundle, dropped } = upgrade(before, label);
  for (const certificate of dropped) {
    report.say(`Left out the chain's certificate ${nameOf(certificate)}: version 0.3 has the leaf`);
  }
  await emit(bundle, encodeBundle(bundle), invocation);
}

async function emit(bundle: Bundle, text: string, invocation: Needs): Promise<void> {
  const json = plainJson({ mediaType: bundle.mediaType, bundle: bundleToJson(bundle) });
  await emitDocument(text, json, bundleMode, invocation);
}

function upgrade(bundle: Bundle, label: string): ReturnType<typeof upgradeBundle> {
  try {
    return upgradeBundle(bundle);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new CliError("refused", "upgrade-lacks-proof", `${label}: ${error.message}`, {
      hint:
        bundle.version === "0.1"
          ? "keep it: version 0.1 is still read; signing again gives a newer one"
          : "it is no valid bundle of version 0.2 either: sign again",
      cause: error,
    });
  }
}

/** The log entry names all that the older format leaves out; without it more has to be said. */
function fromLegacy(bytes: Uint8Array, label: string): Bundle {
  const legacy = decodeLegacyBundle(bytes);
  if (legacy.rekor) return bundleFromLegacy(legacy);
  throw usageError(
    `${label} is cosign's older bundle without a log entry: what it leaves out is not in it`,
    `chancery bundle create --bundle ${shellWord(label)} --ignore-tlog --artifact FILE --key REF`,
    "log-entry-missing",
  );
}

function nameOf(der: Uint8Array): string {
  try {
    return nameToString(decodeCertificate(der).subject);
  } catch (error) {
    if (error instanceof FormatError) return "that cannot be read";
    throw error;
  }
}
