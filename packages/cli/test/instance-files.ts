// SPDX-License-Identifier: Apache-2.0
// The files of a private Sigstore in a folder, in every form that commands read.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decodeBundle, encodeLegacyBundle, type LegacyBundle } from "@chancery/formats/bundle";
import { encodePublicKeyPem } from "@chancery/formats/crypto";
import { encodePem } from "@chancery/formats/pem";
import {
  testBundle,
  testInstance,
  type TestInstance,
  trustedRootValue,
} from "../../../test/instance.ts";
import { TufRepository } from "../../verify/test/tuf-repository.ts";
import type { World } from "./world.ts";

/** The origin of the log in `rekor.pub`. */
export const rekorOrigin = "log2030.rekor.test";

/**
 * Writes
 * - `a.txt`, `a.sigstore.json` (0.3), `old.sigstore.json` (0.2), `a.bundle` (cosign's older one);
 * - `trusted_root.json`, and what it is made of: `fulcio.pem`, `ctfe.pub`, `rekor.pub`, `tsa.pem`;
 * - `tuf/`: a repository that publishes the trusted root, from `tuf/1.root.json` on.
 */
export function writeInstanceFiles(world: World): TestInstance {
  const instance = testInstance();
  const { value, artifact } = testBundle(instance);
  world.write("a.txt", artifact);
  world.write("a.sigstore.json", JSON.stringify(value));
  const old = testBundle(instance, { version: "0.2" }).value;
  world.write("old.sigstore.json", JSON.stringify(old));
  world.write("a.bundle", encodeLegacyBundle(legacyOf(old)));
  const trustedRoot = JSON.stringify(trustedRootValue(instance));
  world.write("trusted_root.json", trustedRoot);
  const chain = (...certificates: readonly Uint8Array[]): string =>
    certificates.map((der) => encodePem("CERTIFICATE", der)).join("");
  world.write("fulcio.pem", chain(instance.intermediate.der, instance.root.der));
  world.write("tsa.pem", chain(instance.tsa.certificate, instance.tsaRoot.certificate));
  world.write("ctfe.pub", encodePublicKeyPem(instance.ct.publicKey));
  world.write("rekor.pub", encodePublicKeyPem(instance.rekor2.key.publicKey));
  const repository = new TufRepository(new Date());
  repository.targets.set("trusted_root.json", Buffer.from(trustedRoot));
  repository.publish();
  for (const [path, bytes] of repository.files) {
    const file = join(world.folder, "tuf", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  return instance;
}

/** What cosign 2 would have written for the same signature, with the log's promise and no proof. */
export function legacyOf(value: unknown): LegacyBundle {
  const { content, keyMaterial, tlogEntries } = decodeBundle(JSON.stringify(value));
  const [entry] = tlogEntries;
  if (content.kind !== "message" || keyMaterial.kind !== "chain" || !entry?.inclusionPromise) {
    throw new Error("not a bundle that cosign 2 could have made");
  }
  const certificate = keyMaterial.certificates[0] as Uint8Array;
  const { canonicalizedBody, integratedTime, logIndex, logId } = entry;
  const signedEntryTimestamp = entry.inclusionPromise;
  return {
    signature: content.message.signature,
    certificate,
    rekor: { signedEntryTimestamp, canonicalizedBody, integratedTime, logIndex, logId },
  };
}
