// SPDX-License-Identifier: Apache-2.0
// ctclient of certificate-transparency-go, which verifies all that it is answered, against the log
// of certificates of `chancery up`. Certificates are made by OpenSSL.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { encodePem } from "@chancery/formats/pem";
import { decodeTrustedRoot } from "@chancery/formats/trust";
import { LogServer } from "./log-server.ts";
import { peer } from "./peers.ts";
import { must, type Outcome, run } from "./run-peer.ts";

const ours = fileURLToPath(new URL("../packages/cli/bin/chancery.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "chancery-ct-"));
const data = join(folder, "server/data");
const log = new LogServer(join(folder, "server"));
const poison = "1.3.6.1.4.1.11129.2.4.3=critical,DER:0500";
const usage = "keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning";
const ca = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign";

function openssl(args: string): void {
  must(peer("openssl").path, args.split(" "), { cwd: folder });
}

function certify(name: string, issuer: string, extensions: string): void {
  openssl(`ecparam -name prime256v1 -genkey -noout -out ${name}.pem`);
  openssl(`req -new -key ${name}.pem -subj /CN=${name} -out ${name}.csr`);
  writeFileSync(join(folder, `${name}.ext`), `${extensions}\n`);
  const by = `-CA ${issuer}.crt -CAkey ${issuer}.pem`;
  openssl(`x509 -req -in ${name}.csr ${by} -days 9 -extfile ${name}.ext -out ${name}.crt`);
}

function chain(name: string, ...above: string[]): void {
  const texts = [name, ...above].map((one) => readFileSync(join(folder, `${one}.crt`), "utf8"));
  writeFileSync(join(folder, `${name}.chain`), texts.join(""));
}

function ctclient(...args: string[]): Outcome {
  const place = ["--log_uri", `${log.url}/ct`, "--pub_key", "ct.pub"];
  return run(peer("ctclient").path, [...args, ...place], { cwd: folder });
}

function told(...args: string[]): string {
  const { status, stdout, stderr } = ctclient(...args);
  assert.equal(status, 0, `${args.join(" ")}:\n${stdout}\n${stderr}`);
  return stdout + stderr;
}

interface TreeHead {
  readonly size: string;
  readonly hash: string;
}

function treeHead(): TreeHead {
  const text = told("get-sth");
  const [, size, hash] = /\(size=(\d+)\)[^,]*, hash ([0-9a-f]{64})/.exec(text) ?? [];
  assert.ok(size !== undefined && hash !== undefined, text);
  return { size, hash };
}

before(async () => {
  for (const name of ["root", "other"]) {
    openssl(`ecparam -name prime256v1 -genkey -noout -out ${name}.pem`);
    openssl(`req -x509 -new -key ${name}.pem -subj /CN=${name} -days 30 -out ${name}.crt`);
  }
  certify("between", "root", ca);
  certify("leaf", "between", usage);
  certify("precert", "between", `${usage}\n${poison}`);
  certify("foreign", "other", usage);
  chain("leaf", "between", "root");
  chain("precert", "between", "root");
  chain("foreign", "other");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, "chancery.yaml"), `ct:\n  roots: ${join(folder, "root.crt")}\n`);
  await log.start();
  const [{ publicKey } = assert.fail("no log of certificates")] = decodeTrustedRoot(
    readFileSync(log.trustedRoot),
  ).ctlogs;
  writeFileSync(join(folder, "ct.pub"), encodePem("PUBLIC KEY", publicKey.spki));
});

after(async () => {
  await log.kill();
  rmSync(folder, { recursive: true, force: true });
});

describe("ctclient", () => {
  const uploads = new Map<string, { readonly timestamp: string; readonly extensions: string }>();
  const heads: TreeHead[] = [];

  test("verifies the head of the empty tree", () => {
    assert.equal(treeHead().size, "0");
  });

  for (const [index, name] of ["leaf", "precert"].entries()) {
    test(`uploads the chain of a ${name}, and verifies its timestamp`, () => {
      const text = told("upload", "--cert_chain", `${name}.chain`);
      const timestamp = /timestamp:? (\d+)/i.exec(text)?.[1];
      assert.ok(timestamp !== undefined, text);
      const extensions = `00000500000000${index.toString(16).padStart(2, "0")}`;
      uploads.set(name, { timestamp, extensions });
      heads.push(treeHead());
    });

    test(`verifies that the tree includes the ${name}`, () => {
      const { timestamp = "", extensions = "" } = uploads.get(name) ?? {};
      const where = ["--timestamp", timestamp, "--extensions", extensions];
      const text = told("get-inclusion-proof", "--cert_chain", `${name}.chain`, ...where);
      assert.match(text, new RegExp(`index ${index} `));
    });
  }

  test("gets the same timestamp for what it uploads again", () => {
    const text = told("upload", "--cert_chain", "precert.chain");
    assert.ok(text.includes(uploads.get("precert")?.timestamp ?? "none"), text);
    assert.equal(treeHead().size, "2");
  });

  test("verifies that the tree extends the one before", () => {
    const [first, second] = heads as [TreeHead, TreeHead];
    const of = ["--size", second.size, "--tree_hash", second.hash];
    told("get-consistency-proof", ...of, "--prev_size", first.size, "--prev_hash", first.hash);
  });

  test("reads entries, with their chains, and the roots", () => {
    const entries = told("get-entries", "--first", "0", "--last", "1", "--chain");
    for (const name of ["CN=leaf", "CN=precert", "CN=between", "CN=root"]) {
      assert.ok(entries.includes(name), `${name}:\n${entries}`);
    }
    assert.match(told("get-roots"), /CN=root/);
  });

  test("is told why a chain is refused", () => {
    const { status, stdout, stderr } = ctclient("upload", "--cert_chain", "foreign.chain");
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /no accepted root issued certificate/);
  });
});

describe("the log of certificates, when nobody serves it", () => {
  before(() => log.kill());

  test("is proven as a whole", () => {
    const args = [ours, "log", "fsck", join(data, "ct")];
    const { status, stdout, stderr } = run(process.execPath, args);
    assert.equal(status, 0, `${stdout}\n${stderr}`);
  });

  test("is exported as static-ct-api has it", () => {
    const to = join(folder, "exported");
    must(process.execPath, [ours, "log", "export", join(data, "ct"), to]);
    assert.deepEqual(readdirSync(to).sort(), ["checkpoint", "issuer", "tile"]);
    assert.deepEqual(readdirSync(join(to, "tile")).sort(), ["0", "data"]);
    assert.equal(readdirSync(join(to, "issuer")).length, 2);
  });
});
