// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { needVectors } from "../../../../test/vectors.ts";
import { concatBytes, decodeBase64, encodeBase64, encodeHex, utf8Bytes } from "../bytes/index.ts";
import { decodeSpki, type Ed25519PublicKey, type PublicKey, sha256 } from "../crypto/index.ts";
import { FormatError } from "../errors/index.ts";
import {
  cosignatureMessage,
  cosignatureVerifier,
  cosignerKeyId,
  decodeCosignature,
  encodeCosignature,
  encodeNote,
  encodeVerifierKey,
  logKeyId,
  noteKeyHash,
  type NoteSignature,
  type NoteVerifier,
  noteVerifier,
  parseNote,
  parseSignedCheckpoint,
  parseVerifierKey,
  spkiKeyId,
  verifyCosignature,
  verifyNoteSignature,
} from "./index.ts";

interface Signer {
  readonly key: PublicKey;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

function signer(pair: crypto.KeyPairKeyObjectResult, hash: string | null): Signer {
  const spki = pair.publicKey.export({ format: "der", type: "spki" });
  return {
    key: decodeSpki(new Uint8Array(spki)),
    sign: (message) => new Uint8Array(crypto.sign(hash, message, pair.privateKey)),
  };
}

const ed25519 = signer(crypto.generateKeyPairSync("ed25519"), null);
const p256 = signer(crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }), "sha256");
const p384 = signer(crypto.generateKeyPairSync("ec", { namedCurve: "P-384" }), "sha256");
const rsa = signer(crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }), "sha256");
const signers = { ed25519, p256, p384, rsa };
const text = "log.example\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nextension\n";

function signed(verifier: NoteVerifier, { sign }: Signer): NoteSignature {
  return {
    name: verifier.name,
    keyHash: verifier.keyHash,
    signature: sign(utf8Bytes(text)),
  };
}

function status(verifier: NoteVerifier, ...signatures: NoteSignature[]): string {
  return verifyNoteSignature(parseNote(encodeNote(text, signatures)), verifier).status;
}

test("key IDs are hashed as each signature type says", () => {
  const name = utf8Bytes("log.example\n");
  const raw = (ed25519.key as Ed25519PublicKey).raw;
  const plain = sha256(concatBytes(name, Uint8Array.of(1), raw));
  assert.deepEqual(logKeyId("log.example", ed25519.key), plain);
  const witness = sha256(concatBytes(name, Uint8Array.of(4), raw));
  assert.deepEqual(cosignerKeyId("log.example", ed25519.key as Ed25519PublicKey), witness);
  assert.deepEqual(logKeyId("log.example", p256.key), sha256(p256.key.spki));
  assert.deepEqual(logKeyId("other", p256.key), sha256(p256.key.spki));
  const long = concatBytes(Uint8Array.of(0xff), utf8Bytes("PKIX-RSA-PKCS#1v1.5"), rsa.key.spki);
  assert.deepEqual(logKeyId("log.example", rsa.key), sha256(concatBytes(name, long)));
  assert.deepEqual(spkiKeyId(ed25519.key), sha256(ed25519.key.spki));
  assert.deepEqual(noteKeyHash(plain), plain.subarray(0, 4));
});

test("the key IDs of the public instance's logs are those of its trusted root", () => {
  const ed = decodeSpki(
    decodeBase64("MCowBQYDK2VwAyEAt8rlp1knGwjfbcXAYPYAkn0XiLz1x8O4t0YkEhie244="),
  );
  const id = encodeBase64(logKeyId("log2025-1.rekor.sigstore.dev", ed));
  assert.equal(id, "zxGZFVvd0FEmjR8WrFwMdcAJ9vtaY/QXf44Y1wUeP6A=");
});

test("the example of the specification verifies under its verifier key", () => {
  const vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
  const { kind, verifier } = parseVerifierKey(vkey);
  assert.equal(kind, "note");
  const note = parseNote(
    "This is an example message.\n\n" +
      "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3" +
      "mFXmRKuwHjG1Yu72IneyaQM=\n",
  );
  assert.equal(verifyNoteSignature(note, verifier).status, "verified");
  assert.equal(encodeVerifierKey({ kind, verifier }), vkey);
});

test("a note verifies under each type of key, over the text with its last newline", () => {
  for (const [type, each] of Object.entries(signers)) {
    const verifier = noteVerifier("log.example", each.key);
    assert.equal(status(verifier, signed(verifier, each)), "verified", type);
    const short = { ...signed(verifier, each), signature: each.sign(utf8Bytes(text.slice(0, -1))) };
    assert.equal(status(verifier, short), "invalid", type);
    const blank = { ...signed(verifier, each), signature: each.sign(utf8Bytes(`${text}\n`)) };
    assert.equal(status(verifier, blank), "invalid", type);
  }
});

test("lines are chosen by name and key hash, in any order, and others are ignored", () => {
  const verifier = noteVerifier("log.example", p256.key);
  const good = signed(verifier, p256);
  const foreign = { ...good, name: "other.example" };
  const otherHash = { ...good, keyHash: Uint8Array.of(0, 0, 0, 0) };
  const witness = { ...signed(verifier, ed25519), name: "witness.example" };
  assert.equal(status(verifier, witness, otherHash, foreign, good), "verified");
  assert.equal(status(verifier, good, witness, otherHash, foreign), "verified");
  assert.equal(status(verifier, foreign, otherHash, witness), "absent");
  // A part of the name is not the name.
  assert.equal(status({ ...verifier, name: "log.exampl" }, good), "absent");
  assert.equal(status({ ...verifier, name: "log.example.org" }, good), "absent");
  assert.equal(status({ ...verifier, name: "LOG.example" }, good), "absent");
});

test("one bad line of a known key spoils the note, repeated good ones do not", () => {
  const verifier = noteVerifier("log.example", p256.key);
  const [first, second] = [signed(verifier, p256), signed(verifier, p256)];
  assert.equal(status(verifier, first, second, first), "verified");
  const bad = { ...first, signature: p256.sign(utf8Bytes("something else\n")) };
  assert.equal(status(verifier, bad), "invalid");
  assert.equal(status(verifier, bad, first), "invalid");
  assert.equal(status(verifier, first, bad), "invalid");
  const malformed = { ...first, signature: Uint8Array.of(1) };
  assert.equal(status(verifier, first, malformed), "invalid");
  // Another key under the same name and hash, as an attacker can make one.
  const collision = { ...signed(verifier, p384) };
  assert.equal(status(verifier, collision), "invalid");
});

test("every flipped bit of a signature is refused", () => {
  const verifier = noteVerifier("log.example", ed25519.key);
  const good = signed(verifier, ed25519);
  for (let bit = 0; bit < 8 * good.signature.length; bit++) {
    const signature = good.signature.slice();
    signature[bit >> 3] = (signature[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(status(verifier, { ...good, signature }), "invalid", `bit ${bit}`);
  }
});

test("a log of Rekor v1 is found by the hash of its SPKI, whatever the key", () => {
  for (const each of Object.values(signers)) {
    const verifier = noteVerifier("log.example", each.key, spkiKeyId(each.key));
    assert.deepEqual(verifier.keyHash, sha256(each.key.spki).slice(0, 4));
    assert.equal(status(verifier, signed(verifier, each)), "verified");
  }
});

test("verifier keys of each type are read and written", () => {
  const key = ed25519.key as Ed25519PublicKey;
  const all = [
    ...Object.values(signers).map((each) => ({
      kind: "note" as const,
      verifier: noteVerifier("log.example", each.key),
    })),
    { kind: "cosignature" as const, verifier: cosignatureVerifier("w.example", key) },
  ];
  for (const verifierKey of all) {
    assert.deepEqual(parseVerifierKey(encodeVerifierKey(verifierKey)), verifierKey);
  }
  const v1 = noteVerifier("log.example", ed25519.key, spkiKeyId(ed25519.key));
  assert.throws(() => encodeVerifierKey({ kind: "note", verifier: v1 }), { code: "malformed" });
});

test("verifier keys that are not exactly of their form are refused", () => {
  const good = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
  const code = (text: string): string => {
    try {
      parseVerifierKey(text);
    } catch (error) {
      if (error instanceof FormatError) return error.code;
      throw error;
    }
    return "read";
  };
  assert.equal(code(good), "read");
  for (let end = 0; end < good.length; end++) assert.notEqual(code(good.slice(0, end)), "read");
  assert.equal(code(good.replace("530d", "530e")), "malformed");
  assert.equal(code(good.replace("example", "exampla")), "malformed");
  assert.equal(code(good.replace("530d903a", "530D903A")), "non-canonical");
  assert.equal(code(good.replace("530d903a", "530d903")), "malformed-hex");
  assert.equal(code(good.replace("530d903a", "530d903a00")), "malformed");
  assert.equal(code(good.replace("example.com/foo", "")), "malformed");
  assert.equal(code(good.replace("example.com/foo", "a b")), "malformed");
  assert.equal(code(`${good}=`), "malformed-base64");
  assert.equal(code(`${good}AA==`), "malformed");
  assert.equal(code("a+00000000+"), "truncated");
  assert.equal(code("a"), "malformed");
  assert.equal(code("a+00000000"), "malformed");
  assert.equal(code(`a+00000000+${"A".repeat(4096)}`), "too-large");
  const material = (...bytes: Uint8Array[]): string =>
    `a+00000000+${encodeBase64(concatBytes(...bytes))}`;
  for (const type of [0, 3, 5, 6, 0xfa, 0xfe, 0xff]) {
    assert.equal(code(material(Uint8Array.of(type), new Uint8Array(32))), "unsupported", `${type}`);
  }
  assert.equal(code(material(Uint8Array.of(2), rsa.key.spki)), "malformed");
  assert.equal(code(material(Uint8Array.of(2), ed25519.key.spki)), "malformed");
  const rsaType = concatBytes(Uint8Array.of(0xff), utf8Bytes("PKIX-RSA-PKCS#1v1.5"));
  assert.equal(code(material(rsaType, p256.key.spki)), "malformed");
  assert.equal(code(material(rsaType)), "truncated");
});

test("a cosignature verifies with its time, and with no other", () => {
  const verifier = cosignatureVerifier("w.example", ed25519.key as Ed25519PublicKey);
  const cosign = (signedTime: bigint, statedTime: bigint): NoteSignature => ({
    name: verifier.name,
    keyHash: verifier.keyHash,
    signature: encodeCosignature(
      statedTime,
      ed25519.sign(cosignatureMessage(utf8Bytes(text), signedTime)),
    ),
  });
  const check = (...lines: NoteSignature[]): ReturnType<typeof verifyCosignature> =>
    verifyCosignature(parseNote(encodeNote(text, lines)), verifier);
  const good = cosign(1679315147n, 1679315147n);
  const verified = check(good);
  assert.equal(verified.status === "verified" && verified.timestamp, 1679315147n);
  assert.equal(check(cosign(0n, 0n)).status, "verified");
  assert.equal(check(cosign(1679315147n, 1679315148n)).status, "invalid");
  const twice = check(good, cosign(1679315200n, 1679315200n));
  assert.equal(twice.status === "verified" && twice.timestamp, 1679315147n);
  assert.equal(check(good, cosign(1n, 2n)).status, "invalid");
  assert.equal(check({ ...good, name: "x.example" }).status, "absent");
  // A plain signature of the same key must not pass for a cosignature, nor the other way round.
  const plain = { ...good, signature: ed25519.sign(utf8Bytes(text)) };
  assert.equal(check(plain).status, "invalid");
  const asPlain = { ...good, signature: good.signature.subarray(8) };
  assert.equal(status(verifier, asPlain), "invalid");
  for (const length of [1, 8, 63, 71]) {
    assert.equal(
      check({ ...good, signature: good.signature.subarray(0, length) }).status,
      "invalid",
    );
  }
  const longer = { ...good, signature: concatBytes(good.signature, Uint8Array.of(0)) };
  assert.equal(check(longer).status, "invalid");
});

test("cosignature times stay within int64", () => {
  const signature = new Uint8Array(64);
  const max = (1n << 63n) - 1n;
  assert.equal(decodeCosignature(encodeCosignature(max, signature)).timestamp, max);
  for (const time of [-1n, max + 1n, 1n << 64n]) {
    assert.throws(() => encodeCosignature(time, signature), { code: "out-of-range" });
    assert.throws(() => cosignatureMessage(signature, time), { code: "out-of-range" });
  }
  const beyond = concatBytes(Uint8Array.of(0x80), new Uint8Array(71));
  assert.throws(() => decodeCosignature(beyond), { code: "out-of-range" });
  assert.throws(() => encodeCosignature(1n, new Uint8Array(63)), { code: "out-of-range" });
});

test("the message of a cosignature is that of the specification", () => {
  const checkpoint =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  assert.deepEqual(
    cosignatureMessage(utf8Bytes(checkpoint), 1679315147n),
    utf8Bytes(`cosignature/v1\ntime 1679315147\n${checkpoint}`),
  );
});

test("the witnesses of a real checkpoint are verified", (t) => {
  const path = "sigstore-conformance/bundle-verify/rekor2-dsse-happy-path/bundle.sigstore.json";
  const file = needVectors(t, path);
  if (file === undefined) return;
  const bundle = JSON.parse(readFileSync(file, "utf8"));
  const proof = bundle.verificationMaterial.tlogEntries[0].inclusionProof;
  const { note } = parseSignedCheckpoint(proof.checkpoint.envelope as string);
  // Published by their operators.
  for (const vkey of [
    "witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    "staging.witness.transparency.goog/ring-any-bells+2e1a8dc9+" +
      "BG5JTpLc3FJtwzgh1Uv+Qelz9qeOH2bfWjS1s0s+y4rL",
  ]) {
    const { kind, verifier } = parseVerifierKey(vkey);
    assert.equal(kind, "cosignature");
    const found = verifyCosignature(note, verifier);
    assert.equal(found.status === "verified" && found.timestamp, 1778700214n, vkey);
    assert.equal(encodeHex(verifier.keyHash), vkey.split("+")[1]);
  }
  const log =
    "log2025-alpha3.rekor.sigstage.dev+d3d3a70c+AZQ93VXPMmj9uZj7U/7CefQ9yy8RgYFv6mKzOseipjqp";
  assert.equal(verifyNoteSignature(note, parseVerifierKey(log).verifier).status, "verified");
});
