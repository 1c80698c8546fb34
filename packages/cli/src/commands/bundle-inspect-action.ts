// SPDX-License-Identifier: Apache-2.0
import { bundleLimits } from "@chancery/formats/bundle";
import { inspectBundle } from "@chancery/formats/inspect";
import { decodeTrustedRoot } from "@chancery/formats/trust";
import { CliError, type Invocation, plainJson } from "../framework/index.ts";
import { checkStdinOnce, readWhole } from "../files/index.ts";
import { inspectionText } from "../inspection/index.ts";

export interface BundleInspectFlags {
  readonly trustedRoot?: string;
}

const trustedRootBytesMax = 16 << 20;

/** Prints what a bundle says about itself. */
export async function bundleInspectAction(
  invocation: Invocation<BundleInspectFlags>,
): Promise<void> {
  const { args, flags, report } = invocation;
  const [label = ""] = args;
  const { trustedRoot: rootLabel } = flags;
  checkStdinOnce({ BUNDLE: label, "--trusted-root": rootLabel });
  const trustedRoot =
    rootLabel === undefined
      ? undefined
      : decodeTrustedRoot(
          await readWhole(rootLabel, "trusted root", trustedRootBytesMax, invocation),
        );
  const json = await readWhole(label, "bundle", bundleLimits.sizeBytesMax, invocation);
  const inspection = inspectBundle(json, trustedRoot);
  report.warn("nothing of this is verified: it is what the bundle says about itself");
  report.result(
    { verified: false, bundle: plainJson(inspection) },
    inspectionText(inspection, report.paintOut),
  );
  const [first, ...others] = inspection.problems;
  if (!first) return;
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  const place = first.place === "" ? "" : ` at ${first.place}`;
  throw new CliError("usage", `bundle-${first.code}`, `${label}${place}: ${first.message}${more}`, {
    hint: "the bundle was damaged, or made by a program with a fault: make it anew",
  });
}
