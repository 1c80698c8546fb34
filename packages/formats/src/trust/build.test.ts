// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { needVectors } from "../../../../test/vectors.ts";
import { chainFile } from "../../test/certificate-files.ts";
import { ed25519, p256, rsa2048 } from "../../test/trust-material.ts";
import { encodeHex } from "../bytes/index.ts";
import { ecPublicKey, rsaPublicKey } from "../crypto/index.ts";
import { logKeyId, spkiKeyId } from "../note/index.ts";
import {
  assembleTrustedRoot,
  describeAuthority,
  describeLog,
  describeTimestampAuthority,
} from "./build.ts";
import { decodeTrustedRoot, encodeTrustedRoot } from "./trusted-root.ts";

const start = new Date("2024-01-01T00:00:00Z");
const end = new Date("2025-01-01T00:00:00Z");
const validFor = { start };
const baseUrl = "https://log.example";
const uri = "https://authority.example";

test("the public root's own instances come out of their keys, chains and periods", (t) => {
  const path = needVectors(t, "public-good/targets/trusted_root.json");
  if (path === undefined) return;
  const root = decodeTrustedRoot(readFileSync(path));
  for (const log of [...root.tlogs, ...root.ctlogs]) {
    const { publicKey } = log;
    const origin = publicKey.type === "ed25519" ? new URL(log.baseUrl).host : undefined;
    const expected = { ...log };
    delete expected.operator;
    const description = { baseUrl: log.baseUrl, publicKey, validFor: log.validFor };
    assert.deepEqual(describeLog({ ...description, ...(origin ? { origin } : {}) }), expected);
  }
  const parts = ({
    uri,
    certificates,
    validFor,
  }: (typeof root.certificateAuthorities)[number]) => ({
    uri,
    certificates,
    validFor,
  });
  for (const authority of root.certificateAuthorities) {
    assert.deepEqual(describeAuthority(parts(authority)), authority);
  }
  for (const authority of root.timestampAuthorities) {
    const described = describeTimestampAuthority(parts(authority));
    assert.deepEqual(parts(described), parts(authority));
  }
});

test("a log's id has its origin in it where the key's type says so", () => {
  const plain = describeLog({ baseUrl, publicKey: ed25519, validFor });
  assert.deepEqual(plain.logId, spkiKeyId(ed25519));
  assert.equal(plain.algorithm.name, "PKIX_ED25519");
  const named = describeLog({ baseUrl, publicKey: ed25519, validFor, origin: "log.example" });
  assert.deepEqual(named.logId, logKeyId("log.example", ed25519));
  assert.notEqual(encodeHex(named.logId), encodeHex(plain.logId));
  const ec = describeLog({ baseUrl, publicKey: p256, validFor, origin: "log.example" });
  assert.deepEqual(ec.logId, spkiKeyId(p256));
  const rsa = describeLog({ baseUrl, publicKey: rsa2048, validFor });
  assert.equal(rsa.algorithm.name, "PKIX_RSA_PKCS1V15_2048_SHA256");
  const p384 = ecPublicKey("P-384", Uint8Array.of(4, ...new Uint8Array(96).fill(7)));
  const large = describeLog({ baseUrl, publicKey: p384, validFor });
  assert.equal(large.algorithm.name, "PKIX_ECDSA_P384_SHA_384");
});

test("an origin that cannot stand on a checkpoint and a key without algorithm are refused", () => {
  for (const origin of ["", "two words", "a+b"]) {
    assert.throws(() => describeLog({ baseUrl, publicKey: ed25519, validFor, origin }), {
      code: "malformed",
      place: "origin",
    });
  }
  const odd = rsaPublicKey(new Uint8Array(257).fill(0xab), Uint8Array.of(1, 0, 1));
  assert.throws(() => describeLog({ baseUrl, publicKey: odd, validFor }), { code: "unsupported" });
});

test("an authority is named after its root and in use from its start, unless told otherwise", () => {
  const [, ...issuers] = chainFile("P-256");
  const authority = describeAuthority({ uri, certificates: issuers });
  assert.deepEqual(authority.validFor, { start: issuers.at(-1)?.notBefore });
  assert.notEqual(authority.commonName, "");
  const until = describeAuthority({ uri, certificates: issuers, validFor: { end } });
  assert.deepEqual(until.validFor, { start: issuers.at(-1)?.notBefore, end });
  const during = describeAuthority({ uri, certificates: issuers, validFor: { start, end } });
  assert.deepEqual(during.validFor, { start, end });

  const chain = chainFile("tsa");
  const tsa = describeTimestampAuthority({ uri, certificates: chain });
  assert.deepEqual(tsa.validFor, { start: chain[0]?.notBefore });
  assert.deepEqual(tsa.certificates, chain);
});

test("chains that are no chains are refused", () => {
  const chain = chainFile("P-256");
  const [leaf, ...issuers] = chain;
  const refuses = (make: () => unknown, message: RegExp): void => {
    assert.throws(make, { code: "malformed", place: "certificate chain", message });
  };
  refuses(() => describeAuthority({ uri, certificates: [] }), /no certificate/);
  refuses(() => describeAuthority({ uri, certificates: chain }), /not hold together/);
  refuses(
    () => describeAuthority({ uri, certificates: issuers.toReversed() }),
    /not hold together/,
  );
  const other = chainFile("P-384").slice(-1);
  refuses(
    () => describeAuthority({ uri, certificates: [...issuers.slice(0, 1), ...other] }),
    /not hold together/,
  );
  refuses(() => describeTimestampAuthority({ uri, certificates: issuers }), /begin with the leaf/);
  const tsa = chainFile("tsa");
  refuses(
    () => describeTimestampAuthority({ uri, certificates: tsa.slice(0, 1) }),
    /holds the leaf alone/,
  );
  refuses(
    () =>
      describeTimestampAuthority({ uri, certificates: [leaf ?? assert.fail(), ...tsa.slice(1)] }),
    /not hold together/,
  );
  refuses(() => describeTimestampAuthority({ uri, certificates: [] }), /no certificate/);
});

test("the instances of a root are sorted by the start of their use", () => {
  const late = describeLog({ baseUrl, publicKey: p256, validFor: { start: end } });
  const early = describeLog({ baseUrl, publicKey: ed25519, validFor: { start, end } });
  const root = assembleTrustedRoot({
    tlogs: [late, early],
    ctlogs: [late],
    certificateAuthorities: [],
    timestampAuthorities: [],
  });
  assert.deepEqual(root.tlogs, [early, late]);
  assert.deepEqual(decodeTrustedRoot(encodeTrustedRoot(root)), root);
});
