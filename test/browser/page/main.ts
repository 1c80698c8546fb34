// SPDX-License-Identifier: Apache-2.0
// The page's only script: gathers files and expectations, verifies, shows the evidence.
import { decodeHex } from "@chancery/formats/bytes";
import { decodePublicKeyPem } from "@chancery/formats/crypto";
import { FormatError } from "@chancery/formats/errors";
import {
  type Artifact,
  artifactFromBytes,
  artifactFromDigest,
  artifactFromStream,
  type Policy,
  verify,
} from "@chancery/verify";
import { showEvidence, showMissing, showProblem } from "./evidence-view.ts";
import { type Slot, watchFiles } from "./files.ts";

/** Larger artifacts are hashed as a stream, which serves all signatures but pure Ed25519. */
const inMemoryBytesMax = 2 ** 27;
/** No bundle, trusted root or key is larger; what is, was dropped by mistake. */
const documentBytesMax = 2 ** 25;

const form = element("question", HTMLFormElement);
const answer = element("answer", HTMLElement);
/** What screen readers say when the answer changes: one sentence, not the whole list. */
const spoken = element("spoken", HTMLElement);
const identity = element("identity", HTMLInputElement);
const issuer = element("issuer", HTMLInputElement);
const digest = element("digest", HTMLInputElement);
const logged = element("logged", HTMLInputElement);

const files = watchFiles(form, () => void answerNow(false));
form.addEventListener("change", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.type !== "file") {
    void answerNow(false);
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void answerNow(true);
});
showMissing(answer, missing());

/** Only the latest question is answered. */
let latest = 0;

/** @param asked whether a person wants an answer now, and so to hear what is missing. */
async function answerNow(asked: boolean): Promise<void> {
  const question = ++latest;
  const expectsKey = files.has("key");
  identity.disabled = expectsKey;
  issuer.disabled = expectsKey;
  digest.disabled = files.has("artifact");
  const lacks = missing();
  if (lacks.length > 0) {
    const sentence = showMissing(answer, lacks);
    if (asked) {
      spoken.textContent = sentence;
      focusFirst(lacks[0]?.id);
    }
    return;
  }
  answer.setAttribute("aria-busy", "true");
  try {
    const bundle = await readDocument("bundle");
    const trustedRoot = await readDocument("trustedRoot");
    const signer = await readSigner();
    const artifact = await readArtifact();
    if (question !== latest) return;
    const policy: Policy = { signer, logThreshold: logged.checked ? 1 : 0 };
    const evidence = verify({
      bundle: bundle ?? new Uint8Array(),
      artifact,
      ...(trustedRoot === undefined ? {} : { trustedRoot }),
      policy,
    });
    spoken.textContent = showEvidence(answer, evidence);
  } catch (error) {
    if (question === latest) spoken.textContent = showProblem(answer, problemOf(error));
  } finally {
    if (question === latest) answer.removeAttribute("aria-busy");
  }
}

function missing(): { readonly id: string; readonly what: string }[] {
  const lacks = [];
  if (!files.has("bundle")) lacks.push({ id: "bundle", what: "the bundle" });
  if (!files.has("artifact") && digest.value.trim() === "") {
    lacks.push({ id: "artifact", what: "the artifact, or its SHA-256" });
  }
  if (!files.has("key")) {
    if (identity.value.trim() === "") {
      lacks.push({ id: "identity", what: "who must have signed: an identity or a key" });
    } else if (issuer.value.trim() === "") {
      lacks.push({ id: "issuer", what: "the identity’s issuer" });
    }
  }
  return lacks;
}

async function readDocument(slot: Slot): Promise<Uint8Array | undefined> {
  const file = files.get(slot);
  if (!file) return undefined;
  if (file.size > documentBytesMax) throw new Error(`${file.name} is too large to be a ${slot}`);
  return new Uint8Array(await file.arrayBuffer());
}

async function readSigner(): Promise<Policy["signer"]> {
  const pem = await readDocument("key");
  if (pem !== undefined) {
    return { kind: "key", key: decodePublicKeyPem(new TextDecoder().decode(pem)) };
  }
  return {
    kind: "identity",
    identity: { exact: identity.value.trim() },
    issuer: { exact: issuer.value.trim() },
  };
}

async function readArtifact(): Promise<Artifact> {
  const file = files.get("artifact");
  if (!file) {
    const hex = digest.value
      .trim()
      .replace(/^sha256:/i, "")
      .toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error("A SHA-256 has 64 hexadecimal digits");
    return artifactFromDigest("sha256", decodeHex(hex));
  }
  if (file.size <= inMemoryBytesMax) {
    return artifactFromBytes(new Uint8Array(await file.arrayBuffer()));
  }
  return artifactFromStream(chunksOf(file));
}

async function* chunksOf(file: File): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}

function problemOf(error: unknown): { message: string; code?: string } {
  if (error instanceof FormatError) {
    return { message: `The key cannot be read: ${error.message}`, code: error.code };
  }
  return { message: error instanceof Error ? error.message : String(error) };
}

function focusFirst(id: string | undefined): void {
  if (id !== undefined) document.getElementById(id)?.focus();
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`#${id} is not in the page`);
  return found;
}
