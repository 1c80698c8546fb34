// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodePublicKeyPem, sha256 } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import {
  type ConformanceCase,
  conformanceCases,
  conformanceCount,
  malformedKeyCase,
} from "../../../test/conformance-cases.ts";
import { artifactFromBytes, artifactFromDigest, type Evidence, verify } from "./index.ts";

describe("sigstore-conformance", () => {
  test("every case has its verdict and its reason, by path and by digest", (t) => {
    const cases = conformanceCases(t);
    if (!cases) return;
    assert.equal(cases.size, conformanceCount);
    const wrong: string[] = [];
    for (const item of cases.values()) {
      if (item.name === malformedKeyCase) continue;
      for (const form of ["path", "digest"] as const) {
        const evidence = run(item, form);
        if (evidence.verdict !== item.verdict || evidence.reason !== item.reason) {
          const answer = `${evidence.verdict} ${evidence.reason}`;
          wrong.push(`${item.name} by ${form}: ${answer}, not ${item.reason}`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  test("the case with an unreadable key is refused for that key", (t) => {
    const item = conformanceCases(t)?.get(malformedKeyCase);
    if (!item) return;
    assert.throws(
      () => run(item, "path"),
      (error: unknown) => error instanceof FormatError,
    );
  });

  test("a timestamp of another time is refused for its time once its base64 is mended", (t) => {
    const item = conformanceCases(t)?.get("rekor2-timestamp-with-incorrect-time_fail");
    if (!item) return;
    const json = Buffer.from(item.bundle).toString();
    const mended = json.replaceAll("\\n", (escape, offset: number) =>
      offset > json.indexOf("signedTimestamp") ? "" : escape,
    );
    assert.ok(mended.length < json.length);
    const evidence = run({ ...item, bundle: Buffer.from(mended) }, "path");
    assert.equal(evidence.reason, "certificate-expired");
  });

  test("what a refusal shows is the first failed check of the list", (t) => {
    for (const item of conformanceCases(t)?.values() ?? []) {
      if (item.reason === undefined) continue;
      const evidence = run(item, "path");
      const first = evidence.checks.find((check) => check.status === "failed");
      assert.equal(evidence.reason, first?.code, item.name);
      assert.notEqual(first?.message, "", item.name);
    }
  });
});

function run(item: ConformanceCase, form: "path" | "digest"): Evidence {
  const { bundle, artifact, trustedRoot, signer } = item;
  return verify({
    bundle,
    artifact:
      form === "path"
        ? artifactFromBytes(artifact)
        : artifactFromDigest("sha256", sha256(artifact)),
    trustedRoot,
    policy: {
      signer:
        signer.kind === "key"
          ? { kind: "key", key: decodePublicKeyPem(signer.pem) }
          : {
              kind: "identity",
              identity: { exact: signer.identity },
              issuer: { exact: signer.issuer },
            },
    },
  });
}
