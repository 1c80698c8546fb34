// SPDX-License-Identifier: Apache-2.0
import { type Command, defineCommand } from "../framework/index.ts";
import type { BundleCreateFlags } from "./bundle-create-action.ts";

export const bundleCreate: Command = defineCommand<BundleCreateFlags>({
  name: "create",
  summary: "Make a bundle of an older one, or of a signature and what belongs to it",
  description:
    "Works without network: the transparency log's entry has to be in the older bundle, as the " +
    "log's promise (SET). The bundle is then of version 0.1, as there is a promise and no proof; " +
    "without a log entry it is of version 0.3. Nothing is verified, but parts that do not belong " +
    "together are refused.",
  flags: {
    artifact: { type: "text", value: "FILE", about: "what was signed" },
    bundle: { type: "text", value: "OLD", about: "cosign's older bundle" },
    signature: { type: "text", value: "FILE", about: "a signature, in base64 or as it is" },
    attestation: { type: "text", value: "FILE", about: "a signed attestation: a DSSE envelope" },
    certificate: { type: "text", value: "FILE", about: "the signer's certificate" },
    key: { type: "text", value: "REF", about: "the signer's public key: a file or env://NAME" },
    rfc3161Timestamp: {
      type: "text",
      value: "FILE",
      about: "a timestamp over the signature: cosign's JSON or the response itself",
    },
    ignoreTlog: { type: "boolean", about: "make a bundle without an entry in a log" },
    out: { type: "text", value: "FILE", about: "where to write it; default standard output" },
    yes: { type: "boolean", short: "y", about: "overwrite an existing file without asking" },
    rekorUrl: {
      type: "text",
      value: "URL",
      about: "",
      refused: "logs are not asked: pass --bundle OLD with the entry, or --ignore-tlog",
    },
    sk: { type: "boolean", about: "", refused: "pass the token's public key with --key" },
    slot: { type: "text", value: "SLOT", about: "", ignored: "there are no hardware tokens here" },
  },
  examples: [
    {
      about: "Turn cosign's older bundle into a Sigstore bundle",
      line: "chancery bundle create --bundle a.bundle --artifact a.txt --out a.new.sigstore.json",
    },
    {
      about: "Put a signature that is in no log into a bundle",
      line:
        "chancery bundle create --artifact release.tar.gz --signature release.sig " +
        "--key cosign.pub --ignore-tlog --out release.sigstore.json",
    },
  ],
  load: async () => (await import("./bundle-create-action.ts")).bundleCreateAction,
});
