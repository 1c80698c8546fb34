// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { TrustedRootCreateFlags } from "./trusted-root-create-action.ts";

const service = (value: string, about: string) =>
  ({ type: "list", commas: false, value, about }) as const;
/** cosign's flags before it had one per service; the first of each belong together, and so on. */
const older = (value: string) => ({ ...service(value, ""), hidden: true }) as const;

export const trustedRootCreate: Command = defineCommand<TrustedRootCreateFlags>({
  name: "create",
  summary: "Make a trusted root from keys and certificates",
  description:
    "Each service is a list of key=value, separated by commas; times are like " +
    "2024-01-01T00:00:00Z. Authorities: url, certificate-chain (a PEM file; of --fulcio the issuing " +
    "certificate first, of --tsa the leaf, and the root last), and where wanted start-time, " +
    "end-time. Logs: url, public-key (a PEM file), start-time, and where wanted end-time, origin " +
    "(the name on the checkpoints, for Rekor v2 and static CT logs).",
  flags: {
    fulcio: service("SPEC", "authority that issues certificates"),
    ctfe: service("SPEC", "log of certificates"),
    rekor: service("SPEC", "log of signatures"),
    tsa: service("SPEC", "authority that issues timestamps"),
    withDefaultServices: {
      type: "boolean",
      about: "begin with the services of the trusted root that TUF has",
    },
    noDefaultFulcio: { type: "boolean", about: "of those leave out the authorities" },
    noDefaultCtfe: { type: "boolean", about: "of those leave out the logs of certificates" },
    noDefaultRekor: { type: "boolean", about: "of those leave out the logs of signatures" },
    noDefaultTsa: { type: "boolean", about: "of those leave out the timestamp authorities" },
    offline: { type: "boolean", about: "take the default services from TUF's cache alone" },
    out: { type: "text", value: "FILE", about: "where to write it; default standard output" },
    yes: { type: "boolean", short: "y", about: "overwrite an existing file without asking" },
    certificateChain: older("FILE"),
    fulcioUri: older("URL"),
    ctfeKey: older("FILE"),
    ctfeUrl: older("URL"),
    ctfeStartTime: older("TIME"),
    ctfeEndTime: older("TIME"),
    rekorKey: older("FILE[,ORIGIN]"),
    rekorUrl: older("URL"),
    rekorStartTime: older("TIME"),
    rekorEndTime: older("TIME"),
    timestampCertificateChain: older("FILE"),
    timestampUri: older("URL"),
  },
  examples: [
    {
      about: "Describe a private instance",
      line:
        "chancery trusted-root create" +
        " --fulcio url=https://fulcio.example.com,certificate-chain=fulcio.pem" +
        " --ctfe url=https://ct.example.com,public-key=ctfe.pub,start-time=2024-01-01T00:00:00Z" +
        " --rekor url=https://rekor.example.com,public-key=rekor.pub," +
        "start-time=2024-01-01T00:00:00Z,origin=rekor.example.com" +
        " --tsa url=https://tsa.example.com/api/v1/timestamp,certificate-chain=tsa.pem" +
        " --out private_root.json",
    },
  ],
  load: async () => (await import("./trusted-root-create-action.ts")).trustedRootCreateAction,
});
