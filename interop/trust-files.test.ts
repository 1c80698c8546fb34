// SPDX-License-Identifier: Apache-2.0
// Trusted roots and signing configs: the same command line given to cosign and to ours writes the
// same, but for white space and for members that are empty in protobuf's eyes.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { decodeSigningConfig, decodeTrustedRoot } from "@chancery/formats/trust";
import { serve } from "../packages/verify/test/loopback-mirror.ts";
import { TufRepository } from "../packages/verify/test/tuf-repository.ts";
import { opensslAuthority } from "./openssl-authority.ts";
import { peer } from "./peers.ts";
import { must, mustMeanwhile, type Outcome, run } from "./run-peer.ts";
import { chancery } from "./verifiers.ts";

const folder = mkdtempSync(join(tmpdir(), "chancery-trust-"));
const chanceryCommand = fileURLToPath(new URL("../packages/cli/bin/chancery.js", import.meta.url));
const at = (year: number): string => `${year}-01-01T00:00:00Z`;

after(() => rmSync(folder, { recursive: true, force: true }));
makeKeys();
makeChains();

describe("trusted-root create", () => {
  const all = [
    `--fulcio=url=https://fulcio.example,certificate-chain=fulcio.pem,end-time=${at(2031)}`,
    `--fulcio=url=https://old.example,certificate-chain=root.pem,start-time=${at(2020)}`,
    `--ctfe=url=https://ct.example/2024,public-key=p256.pub,start-time=${at(2024)}`,
    `--ctfe=url=https://ct.example/2022,public-key=p384.pub,start-time=${at(2022)},end-time=${at(2024)}`,
    `--ctfe=url=https://static.example,public-key=rsa2048.pub,start-time=${at(2025)},origin=static.example`,
    `--rekor=url=https://rekor.example,public-key=p256.pub,start-time=2021-01-12T12:53:27.250+01:00`,
    `--rekor=url=https://log2025.example,public-key=ed25519.pub,start-time=${at(2025)},origin=log2025.example`,
    `--rekor=url=https://rsa.example,public-key=rsa4096.pub,start-time=${at(2026)}`,
    `--rekor=url=https://large.example,public-key=p521.pub,start-time=${at(2027)},origin=large.example`,
    "--tsa=url=https://tsa.example/api/v1/timestamp,certificate-chain=tsa.pem",
  ];

  test("writes what cosign writes, for every kind of key and origin", () => {
    const { ours, theirs } = both(["trusted-root", "create", ...all]);
    assert.deepEqual(ours, theirs);
    const root = decodeTrustedRoot(JSON.stringify(ours));
    assert.deepEqual(
      [root.certificateAuthorities, root.ctlogs, root.tlogs, root.timestampAuthorities].map(
        (instances) => instances.length,
      ),
      [2, 3, 4, 1],
    );
    assert.deepEqual(decodeTrustedRoot(JSON.stringify(theirs)), root);
  });

  for (const flag of all) {
    test(`writes the same for ${flag.slice(0, 48)}…`, () => {
      const { ours, theirs } = both(["trusted-root", "create", flag]);
      assert.deepEqual(ours, theirs);
    });
  }

  test("writes the same for the old flags", () => {
    const line =
      "trusted-root create --certificate-chain=fulcio.pem --fulcio-uri=https://fulcio.example " +
      "--ctfe-key=p256.pub --ctfe-url=https://ct.example " +
      "--rekor-key=ed25519.pub,log2025.example --rekor-url=https://log2025.example " +
      `--rekor-start-time=${at(2025)} --rekor-end-time=${at(2030)} ` +
      "--timestamp-certificate-chain=tsa.pem --timestamp-uri=https://tsa.example";
    const { ours, theirs } = both(line.split(" "));
    assert.deepEqual(ours, theirs);
  });

  test("refuses what cosign refuses", () => {
    for (const flags of [
      ["--rekor=url=https://x,public-key=p256.pub"],
      ["--rekor=p256.pub"],
      [`--ctfe=url=https://x,public-key=none.pub,start-time=${at(2024)}`],
      ["--ctfe=url=https://x,public-key=p256.pub,start-time=2024"],
      ["--tsa=url=https://x,certificate-chain=fulcio.pem"],
      ["--fulcio=url=https://x,certificate-chain=p256.pub"],
      ["--fulcio=url=https://x,certificate-chain=fulcio.pem", "--certificate-chain=fulcio.pem"],
    ]) {
      refusedByBoth(["trusted-root", "create", ...flags]);
    }
  });
});

describe("signing-config create", () => {
  const service = (url: string, year: number, more = ""): string =>
    `url=https://${url},api-version=1,start-time=${at(year)},operator=example.com${more}`;
  const all = [
    `--fulcio=${service("fulcio.example", 2024)}`,
    `--fulcio=${service("old.example", 2022, `,end-time=${at(2024)}`)}`,
    `--oidc-provider=${service("oidc.example/auth", 2024)}`,
    `--rekor=${service("rekor.example", 2024)}`,
    `--rekor=${service("log2025.example", 2025).replace("version=1", "version=2")}`,
    "--rekor-config=EXACT:1",
    `--tsa=${service("tsa.example/api/v1/timestamp", 2024)}`,
    "--tsa-config=any",
  ];

  test("writes what cosign writes, and each begins with what the other wrote", () => {
    const { ours, theirs } = both(["signing-config", "create", ...all]);
    assert.deepEqual(ours, theirs);
    assert.deepEqual(
      decodeSigningConfig(JSON.stringify(ours)),
      decodeSigningConfig(JSON.stringify(theirs)),
    );
    writeFileSync(join(folder, "theirs.json"), JSON.stringify(theirs));
    writeFileSync(join(folder, "ours.json"), JSON.stringify(ours));
    for (const base of ["theirs.json", "ours.json"]) {
      const fulcio = `--fulcio=${service("new.example", 2026)}`;
      for (const more of [[], [fulcio], ["--no-default-rekor"], ["--rekor-config=ALL"]]) {
        const flags = ["signing-config", "create", `--base-config=${base}`, ...more];
        const next = both(flags);
        assert.deepEqual(next.ours, next.theirs, flags.join(" "));
      }
    }
  });

  test("begins with a config of cosign's that leaves the configurations empty", () => {
    const args = ["signing-config", "create", `--fulcio=${service("fulcio.example", 2024)}`];
    const theirs = must(peer("cosign").path, [...args, "--out=empty.json"], { cwd: folder });
    assert.equal(theirs.status, 0);
    assert.match(readFileSync(join(folder, "empty.json"), "utf8"), /"rekorTlogConfig":\s*\{\}/);
    const next = both(["signing-config", "create", "--base-config=empty.json"]);
    assert.deepEqual(next.ours, next.theirs);
  });

  test("refuses what cosign refuses", () => {
    const rekor = `--rekor=${service("rekor.example", 2024)}`;
    for (const flags of [
      [rekor],
      [`--tsa=${service("tsa.example", 2024)}`],
      [rekor, "--rekor-config=SOME"],
      [rekor, "--rekor-config=EXACT"],
      [rekor, "--rekor-config=ANY:1"],
      ["--fulcio=url=https://fulcio.example"],
      [`--fulcio=${service("fulcio.example", 2024).replace("version=1", "version=one")}`],
      ["--base-config=p256.pub"],
    ]) {
      refusedByBoth(["signing-config", "create", ...flags]);
    }
  });
});

describe("bundle", () => {
  test("upgrade writes what cosign writes where no log has to be asked", () => {
    const instance = new URL("../test/fixtures/peers/", import.meta.url);
    for (const name of [
      "cosign/key-blob",
      "cosign/keyless-blob",
      "cosign/keyless-attestation-timestamp",
    ]) {
      const source = new URL(`${name}/bundle.sigstore.json`, instance);
      const value = JSON.parse(readFileSync(source, "utf8")) as OldBundle;
      writeFileSync(join(folder, "old.json"), JSON.stringify(older(value)));
      const { ours, theirs } = both(["bundle", "upgrade", "old.json"]);
      assert.deepEqual(ours, theirs, name);
    }
  });

  test("create writes what cosign writes where there is no log, under the newer media type", () => {
    const source = new URL("../test/fixtures/peers/cosign/key-blob-legacy/", import.meta.url);
    for (const name of ["artifact.txt", "artifact.sig", "artifact.bundle", "cosign.pub"]) {
      writeFileSync(join(folder, name), readFileSync(new URL(name, source)));
    }
    const create = "bundle create --ignore-tlog --artifact artifact.txt --key cosign.pub";
    for (const signature of ["--signature artifact.sig", "--bundle artifact.bundle"]) {
      const { ours, theirs } = both(`${create} ${signature}`.split(" "));
      const { mediaType } = ours as OldBundle;
      assert.equal(mediaType, "application/vnd.dev.sigstore.bundle.v0.3+json");
      assert.deepEqual(ours, { ...(theirs as OldBundle), mediaType });
    }
  });
});

describe("initialize", () => {
  // cosign's signing-config create crashes on a config in which a configuration is absent.
  const described = `url=https://x.example,api-version=1,start-time=${at(2024)},operator=x`;
  const services = ["fulcio", "rekor", "tsa"].map((name) => `--${name}=${described}`);
  services.push("--rekor-config=ANY", "--tsa-config=ANY");
  for (const [first, second] of [
    ["chancery", "cosign"],
    ["cosign", "chancery"],
  ] as const) {
    test(`${second} goes on from the cache that ${first} has made`, async (t) => {
      const repository = new TufRepository(new Date());
      const log = `--rekor=url=https://rekor.example,public-key=p256.pub,start-time=${at(2024)}`;
      const root = both(["trusted-root", "create", log]).theirs;
      repository.targets.set("trusted_root.json", Buffer.from(JSON.stringify(root)));
      const config = both(["signing-config", "create", ...services]).theirs;
      repository.targets.set("signing_config.v0.2.json", Buffer.from(JSON.stringify(config)));
      repository.publish();
      const mirror = await serve(t, repository.files);
      writeFileSync(join(folder, "1.root.json"), repository.root());
      const cache = join(folder, `cache-of-${first}`);
      const run = (name: "chancery" | "cosign", ...args: string[]): Promise<Outcome> =>
        meanwhile(name, args, { TUF_ROOT: cache });
      await run(first, "initialize", "--mirror", mirror.url, "--root", "1.root.json");
      repository.publishRoot().publishTargets();
      const made = await run(second, "trusted-root", "create", "--with-default-services");
      assert.deepEqual(withoutEmpty(made.stdout), root);
      const signing = await run(second, "signing-config", "create", "--with-default-services");
      assert.deepEqual(withoutEmpty(signing.stdout), config);
    });
  }
});

interface OldBundle {
  mediaType: string;
  verificationMaterial: Record<string, unknown>;
}

/** The bundle as version 0.1 would have had it. */
function older(bundle: OldBundle): OldBundle {
  const { certificate, ...material } = bundle.verificationMaterial;
  const chain = certificate ? { x509CertificateChain: { certificates: [certificate] } } : {};
  return {
    ...bundle,
    mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
    verificationMaterial: { ...chain, ...material },
  };
}

function openssl(line: string): Outcome {
  return must(peer("openssl").path, line.split(" "), { cwd: folder });
}

function makeKeys(): void {
  const kinds: Readonly<Record<string, string>> = {
    p256: "EC -pkeyopt ec_paramgen_curve:P-256",
    p384: "EC -pkeyopt ec_paramgen_curve:P-384",
    p521: "EC -pkeyopt ec_paramgen_curve:P-521",
    rsa2048: "RSA -pkeyopt rsa_keygen_bits:2048",
    rsa4096: "RSA -pkeyopt rsa_keygen_bits:4096",
    ed25519: "ED25519",
  };
  for (const [name, options] of Object.entries(kinds)) {
    openssl(`genpkey -out ${name}.key -algorithm ${options}`);
    openssl(`pkey -in ${name}.key -pubout -out ${name}.pub`);
  }
}

function makeChains(): void {
  const ca = "-addext keyUsage=critical,keyCertSign,cRLSign";
  openssl(
    `req -x509 -key p384.key -subj /O=interop/CN=root -days 3650 ${ca} ` +
      "-addext basicConstraints=critical,CA:TRUE -out root.pem",
  );
  openssl(
    `req -x509 -key p256.key -subj /O=interop/CN=issuing -days 3000 ${ca} ` +
      "-CA root.pem -CAkey p384.key -addext extendedKeyUsage=codeSigning " +
      "-addext basicConstraints=critical,CA:TRUE,pathlen:0 -out issuing.pem",
  );
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  writeFileSync(join(folder, "fulcio.pem"), read("issuing.pem") + read("root.pem"));
  const pem = opensslAuthority().chain.map((der) => {
    const lines =
      Buffer.from(der)
        .toString("base64")
        .match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  });
  writeFileSync(join(folder, "tsa.pem"), pem.join(""));
}

/** Runs one of both while this process serves what it fetches. */
function meanwhile(
  name: "chancery" | "cosign",
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const options = { cwd: folder, env };
  if (name === "cosign") return mustMeanwhile(peer("cosign").path, args, options);
  return mustMeanwhile(process.execPath, [chanceryCommand, ...args], options);
}

/** What both print for one command line, without what protobuf takes for absent. */
function both(args: readonly string[]): { ours: unknown; theirs: unknown } {
  const ours = chancery(args, { cwd: folder });
  assert.equal(ours.status, 0, `${args.join(" ")}\n${ours.stderr}`);
  const theirs = must(peer("cosign").path, args, { cwd: folder });
  return { ours: withoutEmpty(ours.stdout), theirs: withoutEmpty(theirs.stdout) };
}

function refusedByBoth(args: readonly string[]): void {
  const ours = chancery(args, { cwd: folder });
  assert.equal(ours.status, 2, `${args.join(" ")}\n${ours.stderr}`);
  assert.notEqual(run(peer("cosign").path, args, { cwd: folder }).status, 0, args.join(" "));
}

/** Empty lists, texts and messages, and zeros: written or not, they mean the same. */
function withoutEmpty(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (value === "" || value === "0") return undefined;
    const isObject = typeof value === "object" && value !== null;
    return isObject && Object.keys(value).length === 0 ? undefined : value;
  });
}
