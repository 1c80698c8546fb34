// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { decodeTrustedRoot } from "@chancery/formats/trust";
import { artifactFromBytes, verify } from "@chancery/verify";
import { conformanceCases } from "../interop/conformance-cases.ts";
import { sigstoreJs } from "../interop/sigstore-js.ts";
import type { Question } from "../interop/verifiers.ts";
import { type Bench, type Figure, lessIsBetter, moreIsBetter, round } from "./bench.ts";
import { bundleFloor } from "./floor.ts";
import { measure } from "./measure.ts";

const caseNames = ["happy-path-v0.3", "happy-path-intoto-in-dsse-v3"];

/**
 * A bundle's JSON to a verdict in one process, the trusted root read once before, as a server or a
 * package manager would do it.
 */
export const verifyBench: Bench = {
  name: "verify",
  what: "bundle JSON to verdict in process, trusted root read before; CPU time per bundle",
  run: () => caseNames.flatMap(compare),
};

function compare(name: string): Figure[] {
  const found = conformanceCases().find((one) => one.name === name);
  if (found === undefined) throw new Error("the vectors are not at ../shared/vectors");
  const { ours, cold, peer, floor } = measure({
    ours: verifyOurs(found.question, "parsed"),
    cold: verifyOurs(found.question, "text"),
    peer: verifyJavascript(found.question),
    floor: bundleFloor(),
  });
  const bench = `verify/${name}`;
  const figure = { ours: round(ours.best), median: round(ours.median), unit: "us" };
  return [
    lessIsBetter({ ...figure, bench, peer: round(peer.best), peer_name: "@sigstore/verify 4.1.3" }),
    lessIsBetter({
      ...figure,
      bench: `${bench}/floor`,
      peer: round(floor.best),
      peer_name: "one P-384 and four P-256 verifications",
      note: `${round(ours.best - floor.best)} us above the floor`,
    }),
    moreIsBetter({
      bench: `${bench}/rate`,
      unit: "bundles/cpu-s",
      ours: round(1e6 / ours.best),
      median: round(1e6 / ours.median),
      peer: round(1e6 / peer.best),
      peer_name: "@sigstore/verify 4.1.3",
    }),
    lessIsBetter({
      bench: `${bench}/root-each-time`,
      unit: "us",
      ours: round(cold.best),
      median: round(cold.median),
      peer: round(peer.best),
      peer_name: "@sigstore/verify 4.1.3, root read before",
      note: "ours reads trusted_root.json for each bundle",
    }),
  ];
}

/** Ours, with the trusted root read before or each time. */
export function verifyOurs(question: Question, root: "parsed" | "text"): () => void {
  const { signer } = question;
  if (signer.kind !== "identity") throw new Error("a case with an identity is needed");
  const bundle = readFileSync(question.bundle);
  const artifact = artifactFromBytes(readFileSync(question.artifact));
  const text = readFileSync(question.trustedRoot);
  const trustedRoot = root === "parsed" ? decodeTrustedRoot(text) : text;
  const identity = { exact: signer.identity };
  const policy = {
    signer: { kind: "identity", identity, issuer: { exact: signer.issuer } },
  } as const;
  return () => {
    const { verdict, reason } = verify({ bundle, artifact, trustedRoot, policy });
    if (verdict !== "verified") throw new Error(`refused: ${reason}`);
  };
}

function verifyJavascript(question: Question): () => void {
  const { bundle: bundles, protobuf, verify: js } = sigstoreJs();
  const { signer } = question;
  if (signer.kind !== "identity") throw new Error("a case with an identity is needed");
  const text = readFileSync(question.bundle, "utf8");
  const artifact = readFileSync(question.artifact);
  const json: unknown = JSON.parse(readFileSync(question.trustedRoot, "utf8"));
  const verifier = new js.Verifier(js.toTrustMaterial(protobuf.TrustedRoot.fromJSON(json)));
  const policy = {
    subjectAlternativeName: signer.identity,
    extensions: { issuer: signer.issuer },
  };
  return () => {
    const entity = js.toSignedEntity(bundles.bundleFromJSON(JSON.parse(text)), artifact);
    verifier.verify(entity, policy);
  };
}
